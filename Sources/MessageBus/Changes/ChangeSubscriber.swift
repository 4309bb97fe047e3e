package import Logging

/// Follows the coordinator's numbered changes, and repairs whatever publishing loses with snapshots.
///
/// ```swift
/// let subscriber = ChangeSubscriber(
///   busEndpoint: endpoint, changesEndpoint: welcome.changesEndpoint, logger: logger)
/// for await update in subscriber.updates { … }
/// await subscriber.close()
/// ```
package actor ChangeSubscriber {
  private typealias Instant = ContinuousClock.Instant

  /// Messages handled before others get the thread.
  private static let turn = 256

  private nonisolated let loop = ZMQLoop(name: "bus-changes")
  package nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  private let busEndpoint: String
  private let changesEndpoint: String
  private let security: BusSecurity
  private let retry: Duration
  private let refresh: Duration
  private let logger: Logger

  private var changes: ZMQSocket?
  private var dealer: ZMQSocket?
  private var watches: [HandshakeWatch] = []
  private var lastWatch = 0
  /// Whether changes may have gone by unheard, while a connection was refused.
  private var mayHaveMissed = false
  /// When to connect again after a handshake failed for good.
  private var connectAgain: ContinuousClock.Instant?
  private var isClosed = false
  private var tracker = ChangeTracker()
  /// Updates of one turn that the consumer has not taken; nothing is read before they are gone.
  private var pending: [ChangeUpdate] = []
  private var askedAt: ContinuousClock.Instant?
  /// Since when questions are without an answer.
  private var unansweredSince: ContinuousClock.Instant?
  private var lastRequest: UInt64 = 0
  /// The last question that was asked on connections before the present ones.
  private var staleRequest: UInt64 = 0

  /// Snapshots asked for: gaps, restarts, and the regular looks.
  package private(set) var snapshotRequests = 0
  /// Frames that were not understood.
  package private(set) var malformedFrames = 0
  /// Connections that failed in the handshake.
  package private(set) var failedHandshakes = 0

  /// A subscriber that connects when somebody iterates ``updates``.
  /// - Parameters:
  ///   - busEndpoint: where snapshots are asked for.
  ///   - changesEndpoint: where the changes are published; an address that means every interface of
  ///     the coordinator's machine is read as the machine of `busEndpoint`.
  ///   - security: how peers know each other.
  ///   - retry: after which a snapshot that did not come is asked for again.
  ///   - refresh: how often a snapshot is asked for to be sure: the loss of the last change leaves no gap.
  ///   - logger: for what is not understood.
  package init(
    busEndpoint: String, changesEndpoint: String, security: BusSecurity = .none,
    retry: Duration = .seconds(1), refresh: Duration = .seconds(30), logger: Logger
  ) {
    self.busEndpoint = busEndpoint
    self.changesEndpoint = BusEndpoint.reachable(changesEndpoint, from: busEndpoint)
    self.security = security
    self.retry = retry
    self.refresh = refresh
    self.logger = logger
  }

  /// What happens, for one consumer. A slow consumer misses changes and gets a snapshot for them.
  /// Ends when the subscriber is closed, cannot connect, or the consumer's task is cancelled.
  package nonisolated var updates: Updates { Updates(subscriber: self) }

  /// See ``ChangeSubscriber/updates``.
  package struct Updates: AsyncSequence, Sendable {
    fileprivate let subscriber: ChangeSubscriber

    /// See ``ChangeSubscriber/updates``.
    package struct Iterator: AsyncIteratorProtocol {
      fileprivate let subscriber: ChangeSubscriber
      package mutating func next() async -> ChangeUpdate? { await subscriber.next() }
    }
    package func makeAsyncIterator() -> Iterator { Iterator(subscriber: subscriber) }
  }

  /// Closes the sockets and ends ``updates``.
  package func close() {
    isClosed = true
    disconnect()
    loop.terminate()
  }

  private func disconnect() {
    changes?.close()
    dealer?.close()
    for watch in watches { watch.socket.close() }
    changes = nil
    dealer = nil
    watches = []
  }

  fileprivate func next() async -> ChangeUpdate? {
    while !Task.isCancelled && !isClosed {
      if let time = connectAgain, ContinuousClock.now < time {
        let wake = await loop.wait(readable: [], until: time)
        if wake == .cancelled || wake == .closed { return nil }
        continue
      }
      connectAgain = nil
      guard let (changes, dealer) = connected() else { return nil }
      if !pending.isEmpty { return pending.removeFirst() }
      if haveFailed() || areDead() { continue }
      receiveSome(changes, dealer)
      if !pending.isEmpty { continue }
      let now = ContinuousClock.now
      askIfDue(dealer, now)
      let wake = await loop.wait(
        readable: [changes, dealer] + watches.map(\.socket),
        until: min(nextAsk(now), unansweredSince.map { $0 + patience } ?? nextAsk(now)))
      if wake == .cancelled || wake == .closed { return nil }
    }
    return nil
  }

  private func connected() -> (ZMQSocket, ZMQSocket)? {
    if let changes, let dealer { return (changes, dealer) }
    do throws(BusError) {
      let new = try ZMQSocket(
        .subscriber, on: loop, maxFrame: 2 * WireCodec.maxAgentFrame, security: security)
      changes = new
      let asker = try ZMQSocket(
        .dealer(id: nil), on: loop, maxFrame: 2 * WireCodec.maxCoordinatorFrame, received: 10,
        security: security)
      dealer = asker
      for socket in [new, asker] {
        lastWatch += 1
        watches.append(try HandshakeWatch(socket, name: "changes-\(lastWatch)", on: loop))
      }
      try new.connect(changesEndpoint)
      try asker.connect(busEndpoint)
      return (new, asker)
    } catch {
      logger.error("\(error)")
      disconnect()
      return nil
    }
  }

  /// Looks whether a connection failed so that libzmq tries no more; then both are made anew a little later.
  private func haveFailed() -> Bool {
    var isOver = false
    for watch in watches {
      while let failure = watch.next() {
        failedHandshakes += 1
        // Whatever was published meanwhile went by.
        mayHaveMissed = true
        if !failure.isPassing { isOver = true }
      }
    }
    guard isOver else { return false }
    startAnew()
    return true
  }

  /// How long questions may go without an answer before the connections are made anew.
  private var patience: Duration { retry * 60 }

  /// Looks whether nobody answers for long: a connection that libzmq gave up says so only once, and not always here.
  private func areDead() -> Bool {
    guard let since = unansweredSince, ContinuousClock.now - since >= patience else { return false }
    startAnew()
    return true
  }

  private func startAnew() {
    disconnect()
    askedAt = nil
    unansweredSince = nil
    staleRequest = lastRequest
    mayHaveMissed = true
    connectAgain = ContinuousClock.now + retry
  }

  private func receiveSome(_ changes: ZMQSocket, _ dealer: ZMQSocket) {
    for _ in 0..<Self.turn {
      guard let received = changes.receive() else { break }
      do throws(WireError) {
        guard received.count == 2 else { throw .frames(received.count) }
        if let update = tracker.take(try WireCodec.decodeChange(received.frames[1])) {
          pending.append(update)
        }
      } catch { refused(error) }
    }
    while let received = dealer.receive() {
      do throws(WireError) {
        guard received.count == 1 else { throw .frames(received.count) }
        let message = try WireCodec.decodeCoordinatorMessage(received.frames[0])
        if case .snapshot(let request, let snapshot) = message, isAsked(request) {
          pending += tracker.take(snapshot)
          mayHaveMissed = false
          unansweredSince = nil
        }
      } catch { refused(error) }
    }
  }

  /// Whether it is a question of these connections. Not only the last one: a coordinator that takes longer than
  /// ``retry`` would never be heard. An answer that is older than what is known changes nothing.
  private func isAsked(_ request: UInt64) -> Bool { request > staleRequest && request <= lastRequest }

  private func refused(_ error: WireError) {
    malformedFrames += 1
    if isRound(malformedFrames) {
      logger.warning("a frame of the changes was not understood", metadata: ["reason": "\(error)"])
    }
  }

  private func nextAsk(_ now: Instant) -> Instant {
    (askedAt ?? now) + (tracker.needsSnapshot || mayHaveMissed ? retry : refresh)
  }

  private func askIfDue(_ dealer: ZMQSocket, _ now: Instant) {
    if askedAt != nil && now < nextAsk(now) { return }
    askedAt = now
    if unansweredSince == nil { unansweredSince = now }
    lastRequest += 1
    guard let frame = try? WireCodec.encode(AgentMessage.snapshot(request: lastRequest)) else { return }
    if dealer.send([frame]) == .sent { snapshotRequests += 1 }
  }
}
