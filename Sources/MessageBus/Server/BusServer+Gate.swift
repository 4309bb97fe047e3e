package import BusKeys
import Logging

extension BusServer {
  /// The sockets by which libzmq asks who may connect and tells of those who could not.
  struct Gate {
    /// Where libzmq looks for somebody to ask, in its own process.
    static let endpoint = "inproc://zeromq.zap.01"
    /// Questions and events looked at before others get their turn.
    private static let turn = 256

    let questions: ZMQSocket
    let watches: [HandshakeWatch]

    init(on loop: ZMQLoop, watching sockets: [ZMQSocket]) throws(BusError) {
      questions = try ZMQSocket(.authenticator, on: loop, maxFrame: 4_096, security: .none)
      var watches: [HandshakeWatch] = []
      do throws(BusError) {
        _ = try questions.bind(Self.endpoint)
        for (index, socket) in sockets.enumerated() {
          watches.append(try HandshakeWatch(socket, name: "server-\(index)", on: loop))
        }
      } catch {
        questions.close()
        for watch in watches { watch.socket.close() }
        throw error
      }
      self.watches = watches
    }

    var sockets: [ZMQSocket] { [questions] + watches.map(\.socket) }

    func close() { for socket in sockets { socket.close() } }

    /// Answers what waits, and counts those who were kept out.
    func serve(_ admission: inout Admission) {
      for _ in 0..<Self.turn {
        guard let received = questions.receive() else { break }
        // A question with more frames than are kept is none.
        let frames = received.count == received.frames.count ? received.frames : []
        if let answer = admission.answer(frames) { _ = questions.send(answer) }
      }
      for watch in watches {
        for _ in 0..<Self.turn {
          guard let failure = watch.next() else { break }
          switch failure {
          // Counted when it was decided.
          case .refused: break
          case .mechanism, .hungUp: admission.count(.noKey)
          case .cryptographic: admission.count(.wrongServerKey)
          case .broken, .malformed: admission.count(.malformed)
          }
        }
      }
    }
  }

  /// Answers at the gate until its sockets are closed.
  ///
  /// In a task of its own, because who may connect must not depend on whether anybody takes messages; it ends
  /// with ``close()``.
  func keepGate() {
    Task(executorPreference: loop) { await self.serveGate() }
  }

  private func serveGate() async {
    while let gate {
      let before = admission.counts
      gate.serve(&admission)
      log(since: before)
      if await loop.wait(readable: gate.sockets) != .ready { return }
    }
  }

  private func log(since before: [RefusalReason: Int]) {
    for reason in RefusalReason.allCases {
      let (old, new) = (before[reason] ?? 0, admission.counts[reason] ?? 0)
      // As many lines as the count has digits in the base of two.
      guard new > old, new.leadingZeroBitCount != old.leadingZeroBitCount else { continue }
      logger.warning(
        "somebody was kept off the bus", metadata: ["reason": "\(reason.rawValue)", "times": "\(new)"])
    }
  }

  /// Names who may connect and speak, from now on.
  ///
  /// Whoever no longer may is cut off: what it says is not taken any more, and every connection, of agents and of
  /// subscribers, is ended, so that each must show its key again. What the others had to say is said again anyhow.
  /// - Returns: how many connections were ended.
  @discardableResult
  package func admit(_ keys: AllowedKeys) -> Int {
    guard admission.admit(keys), let endpoints else { return 0 }
    return ConnectionCutter.cut(endpoints.bus) + ConnectionCutter.cut(endpoints.changes)
  }

  /// Who was kept out since this was last asked; a bounded number, those of more are counted together.
  package func takeRefusals() -> [Refusal] { admission.takeRefusals() }
}
