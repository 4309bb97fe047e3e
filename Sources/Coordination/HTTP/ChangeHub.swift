package import IncidentModel
import Threads

/// One thing that a subscriber of changes is told.
package enum StreamEvent: Sendable, Equatable {
  /// An incident changed.
  case change(sequence: UInt64, IncidentSummary)
  /// Changes were missed that are no longer known: read the list again. Changes after `sequence` follow.
  case reset(sequence: UInt64)
  /// Nothing happened, but the line must be used.
  case keepAlive
}

/// The changes that one subscriber gets.
package struct ChangeFeed: Sendable {
  /// The latest change when the feed began.
  package let sequence: UInt64
  /// What happens; ends when the subscriber is too slow, or everything is over.
  package let events: AsyncStream<StreamEvent>
  private let continuation: AsyncStream<StreamEvent>.Continuation

  init(
    sequence: UInt64, events: AsyncStream<StreamEvent>,
    continuation: AsyncStream<StreamEvent>.Continuation
  ) {
    self.sequence = sequence
    self.events = events
    self.continuation = continuation
  }

  /// Puts a ``StreamEvent/keepAlive`` into the feed, if it has room.
  package func keepAlive() { continuation.yield(.keepAlive) }

  /// Ends the feed; what is in it is still delivered.
  package func cancel() { continuation.finish() }
}

/// Hands changes to any number of subscribers without ever waiting for one.
///
/// The latest changes are kept in a ring, so that a subscriber who was away gets what
/// it missed, or learns by a reset that it is too much. A subscriber that does not keep
/// up is cut off at its buffer's bound; it comes back with the last sequence it saw.
package final class ChangeHub: Sendable {
  private struct State {
    /// The changes in the ring, oldest first.
    var ring: [(sequence: UInt64, incident: IncidentSummary)] = []
    /// The index of the oldest change once the ring is full.
    var head = 0
    /// Every change after this one is in the ring.
    var floor: UInt64
    var latest: UInt64
    var subscribers: [UInt64: AsyncStream<StreamEvent>.Continuation] = [:]
    var nextSubscriber: UInt64 = 0
    var cut: UInt64 = 0
    var isFinished = false
  }

  private let capacity: Int
  private let buffer: Int
  private let state: Locked<State>

  /// A hub without subscribers.
  /// - Parameters:
  ///   - latest: the number of the latest change before; 0 for none.
  ///   - capacity: changes that are kept for those who were away.
  ///   - buffer: changes that a subscriber may be behind before it is cut off.
  package init(latest: UInt64, capacity: Int = 1024, buffer: Int = 256) {
    self.capacity = max(1, capacity)
    self.buffer = max(1, buffer)
    state = Locked(State(floor: latest, latest: latest))
  }

  /// Tells everybody; never waits. Sequences must rise, but may leave numbers out.
  package func publish(_ incident: Incident, sequence: UInt64) {
    let summary = IncidentSummary(incident)
    let slow = state.withLock { state -> [AsyncStream<StreamEvent>.Continuation] in
      guard sequence > state.latest else { return [] }
      state.latest = sequence
      if state.ring.count < capacity {
        state.ring.append((sequence, summary))
      } else {
        state.floor = state.ring[state.head].sequence
        state.ring[state.head] = (sequence, summary)
        state.head = (state.head + 1) % capacity
      }
      var slow: [AsyncStream<StreamEvent>.Continuation] = []
      for (id, subscriber) in state.subscribers {
        guard case .dropped = subscriber.yield(.change(sequence: sequence, summary)) else { continue }
        state.subscribers[id] = nil
        state.cut += 1
        slow.append(subscriber)
      }
      return slow
    }
    // Outside the lock, because finishing calls back.
    for subscriber in slow { subscriber.finish() }
  }

  /// The changes from now on, and those since `sequence` if they are still known, else a reset.
  package func subscribe(after sequence: UInt64? = nil) -> ChangeFeed {
    return state.withLock { state in
      let missed = Self.missed(since: sequence, in: state)
      let (events, continuation) = AsyncStream.makeStream(
        of: StreamEvent.self, bufferingPolicy: .bufferingOldest(missed.count + buffer))
      for event in missed { continuation.yield(event) }
      if state.isFinished {
        continuation.finish()
      } else {
        let id = state.nextSubscriber
        state.nextSubscriber += 1
        state.subscribers[id] = continuation
        continuation.onTermination = { [weak self] _ in self?.remove(id) }
      }
      return ChangeFeed(sequence: state.latest, events: events, continuation: continuation)
    }
  }

  /// How many subscribers there are.
  package var subscriberCount: Int { state.withLock { $0.subscribers.count } }

  /// How many subscribers were cut off because they were too slow.
  package var cutCount: UInt64 { state.withLock { $0.cut } }

  /// Ends every feed, and every later one at once.
  package func finish() {
    let subscribers = state.withLock { state in
      state.isFinished = true
      let all = Array(state.subscribers.values)
      state.subscribers = [:]
      return all
    }
    for subscriber in subscribers { subscriber.finish() }
  }

  private func remove(_ id: UInt64) { state.withLock { $0.subscribers[id] = nil } }

  private static func missed(since sequence: UInt64?, in state: State) -> [StreamEvent] {
    guard let sequence else { return [] }
    // A number from the future comes from another journal.
    guard (state.floor...state.latest).contains(sequence) else { return [.reset(sequence: state.latest)] }
    return (0..<state.ring.count).compactMap { offset in
      let change = state.ring[(state.head + offset) % state.ring.count]
      return change.sequence > sequence
        ? .change(sequence: change.sequence, change.incident) : nil
    }
  }
}
