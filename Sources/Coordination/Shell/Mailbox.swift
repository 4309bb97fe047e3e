import IncidentEngine
import MessageBus
import Threads

/// Who gave an input and waits for its reply.
enum Origin: Sendable {
  case nobody
  /// A caller inside this process.
  case caller(CheckedContinuation<EngineReply, Never>)
  /// An agent's signals.
  case batch(PeerID, UInt64)
  /// An agent's hello.
  case hello(PeerID)
  /// An agent's heartbeat.
  case heartbeat(PeerID, UInt64)
  /// An agent's request.
  case request(PeerID, UInt64)
}

/// One input on its way to the engine.
struct Letter: Sendable {
  var input: EngineInput
  var origin: Origin
}

/// The bounded queue of inputs before the engine.
///
/// While one batch is being made durable the next one collects here, so that many
/// inputs share one commit.
final class Mailbox: Sendable {
  /// Letters at the most; beyond it callers are refused and the bus is not read.
  static let limit = 8_192

  private struct State {
    var letters: [Letter] = []
    var waiter: CheckedContinuation<Void, Never>?
    var closed = false
  }
  private let state = Locked(State())

  /// Puts a letter in.
  /// - Returns: false when the box is full or closed; the letter is then not in it.
  func put(_ letter: Letter) -> Bool {
    let (taken, waiter) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
      guard !state.closed, state.letters.count < Self.limit else { return (false, nil) }
      state.letters.append(letter)
      defer { state.waiter = nil }
      return (true, state.waiter)
    }
    waiter?.resume()
    return taken
  }

  /// Takes what is there, oldest first, at most `limit`; waits while there is nothing. Empty when closed.
  func take(limit: Int) async -> [Letter] {
    while true {
      let letters = state.withLock { state -> [Letter]? in
        if state.letters.isEmpty { return state.closed ? [] : nil }
        let count = min(limit, state.letters.count)
        let taken = Array(state.letters.prefix(count))
        state.letters.removeFirst(count)
        return taken
      }
      if let letters { return letters }
      await withCheckedContinuation { continuation in
        let now = state.withLock { state -> Bool in
          if !state.letters.isEmpty || state.closed { return true }
          state.waiter = continuation
          return false
        }
        if now { continuation.resume() }
      }
    }
  }

  /// Takes out all that is left.
  func drain() -> [Letter] {
    state.withLock { state in
      defer { state.letters = [] }
      return state.letters
    }
  }

  /// How many letters wait.
  var count: Int { state.withLock { $0.letters.count } }

  /// Takes no more letters; what is in it can still be taken.
  func close() {
    let waiter = state.withLock { state -> CheckedContinuation<Void, Never>? in
      state.closed = true
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }
}
