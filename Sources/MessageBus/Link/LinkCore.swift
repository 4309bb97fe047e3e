package import IncidentModel

/// An agent's side of the protocol, without sockets, tasks and clock.
///
/// Inputs go in with the time since the link began, which never runs backwards; what is to be done comes
/// out, in order, and depends on nothing else. Whoever drives it calls with ``LinkInput/tick`` at
/// ``nextDeadline`` at the latest.
///
/// There may be several coordinators, of which one leads. Home is the one that welcomed the link with the
/// highest epoch; only it is listened to. When it is quiet for longer than it should be the others are
/// asked, and the one that leads by then becomes home. Leases are held on meanwhile, but no longer than
/// from the last heartbeat that was acknowledged.
package struct LinkCore: Sendable {
  enum Phase { case running, stopping, stopped }

  /// A request that has no answer yet.
  struct Request {
    enum Asker: Equatable {
      case caller(UInt64)
      /// The link itself, which states how a job ended.
      case result
    }

    let number: UInt64
    let asker: Asker
    let message: AgentMessage
    let lease: Lease
    var sentAt: Duration
  }

  /// Who the agent is.
  package let info: AgentInfo
  /// The buses of the coordinators.
  package let endpoints: [String]
  let takes: JobKind?
  let slots: Int
  let timing: LinkTiming

  var now = Duration.zero
  var outputs: [LinkOutput] = []
  var phase = Phase.running
  var stopBy = Duration.zero
  /// The place of the coordinator that is listened to.
  package internal(set) var home: Int?
  /// The highest epoch that any coordinator had.
  package internal(set) var epoch: UInt64 = 0
  /// The last welcome of one that became home.
  package internal(set) var welcome: Welcome?
  var isWelcome = false
  var lastHeard: Duration?
  var lastHeartbeat: Duration?
  var lastHello: [Duration?]
  var spool: SignalSpool
  var batchSentAt: Duration?
  var pausedUntil: Duration?
  var leases = LeaseTable()
  /// Tokens of leases whose work ended here, so that a late copy of the job does not begin it again.
  var ended: [UInt64] = []
  /// Rising by number.
  var requests: [Request] = []
  var lastRequest: UInt64 = 0
  var counts = LinkCounters()
  /// Of an agent that watches targets.
  var shards: ShardKeeper?
  /// When a report of them is due before the next heartbeat.
  var shardReportAt: Duration?

  /// Tokens of ended leases that are remembered.
  static let maxEnded = 128

  /// - Parameters:
  ///   - info: who the agent is; `instance` must be unique to this run of the process.
  ///   - endpoints: where the coordinators' buses are, each another coordinator's.
  ///   - takes: the kind of jobs it does; `nil` for none.
  ///   - slots: jobs at once.
  ///   - timing: the intervals that the coordinator does not set.
  ///   - spoolLimit: signals kept until the coordinator has them.
  ///   - tellsSpoolChanges: whether ``takeSpoolChanges()`` is called after every input.
  ///   - shards: what it can watch, of one that watches targets.
  package init(
    info: AgentInfo, endpoints: [String], takes: JobKind? = nil, slots: Int = 1,
    timing: LinkTiming = LinkTiming(), spoolLimit: Int = 10_000,
    tellsSpoolChanges: Bool = false, shards: [ShardOffer]? = nil
  ) {
    self.shards = shards.map(ShardKeeper.init)
    self.info = info
    // One named twice would have two connections that take the agent's name from each other.
    var seen: Set<String> = []
    self.endpoints = endpoints.filter { seen.insert($0).inserted }
    self.takes = takes
    self.slots = max(slots, 1)
    self.timing = timing
    spool = SignalSpool(limit: spoolLimit, tellsChanges: tellsSpoolChanges)
    lastHello = Array(repeating: nil, count: self.endpoints.count)
  }

  /// Takes an input.
  /// - Parameters:
  ///   - input: what happened.
  ///   - time: when, since the link began; an earlier time than before counts as the time before.
  /// - Returns: what is to be done.
  package mutating func handle(_ input: LinkInput, at time: Duration) -> [LinkOutput] {
    now = max(now, time)
    // First of all: what comes too late must not find a lease alive.
    for token in leases.expired(at: now, period: leasePeriod) {
      lose(token, reason: "the coordinator did not renew it for \(leasePeriod.inSeconds) s")
    }
    switch input {
    case .tick: tick()
    case .received(let message, let place): received(message, from: place)
    case .submit(let signals): submit(signals)
    case .restored(let signals): submit(signals, isKept: true)
    case .request(let id, let statement, let lease): request(id, statement, lease)
    case .cancelRequest(let id):
      if let request = requests.first(where: { $0.asker == .caller(id) }) {
        answer(request.number, .shuttingDown)
      }
    case .ended(let token, let result): workerEnded(token, result)
    case .shardLearned(let shard, let bytes, let isReleased): learned(shard, bytes, isReleased: isReleased)
    case .stop: stop()
    }
    takeShardsIfAlone()
    defer { outputs = [] }
    return outputs
  }

  /// What became of the signals that wait since the last call; to be kept before the outputs leave.
  package mutating func takeSpoolChanges() -> [SpoolChange] { spool.takeChanges() }

  /// When the next tick is due; `nil` when there is nothing to wait for.
  package var nextDeadline: Duration? {
    if phase == .stopped { return nil }
    var deadlines: [Duration] = []
    if let expiry = leases.nextExpiry(period: leasePeriod) { deadlines.append(expiry) }
    if phase == .stopping { return min(stopBy, deadlines.first ?? stopBy) }
    if isWelcome, let lastHeard {
      deadlines.append((lastHeartbeat ?? now) + heartbeat)
      deadlines.append(lastHeard + silence)
      for place in endpoints.indices where place != home {
        deadlines.append(max(lastHeard + quiet, nextHello(place)))
      }
      if let batchSentAt {
        deadlines.append(batchSentAt + timing.retry)
      } else if let pausedUntil, spool.count > 0 {
        deadlines.append(pausedUntil)
      }
      deadlines += requests.map { $0.sentAt + timing.retry }
    } else {
      deadlines += endpoints.indices.map(nextHello)
    }
    if let aloneFrom { deadlines.append(aloneFrom) }
    if let shardReportAt { deadlines.append(shardReportAt) }
    return deadlines.min()
  }

  /// Whether home welcomed the agent and was heard lately.
  package func isConnected(at time: Duration) -> Bool {
    guard isWelcome, let lastHeard else { return false }
    return time < lastHeard + silence
  }

  /// What was counted so far.
  package var counters: LinkCounters {
    var result = counts
    result.spooled = spool.count
    result.coalescedSignals = spool.coalesced
    result.droppedSignals = spool.dropped
    return result
  }

  /// The leases that are worked on rightfully, by token.
  package var validLeases: [Lease] { leases.valid }

  mutating func emit(_ output: LinkOutput) { outputs.append(output) }

  private mutating func tick() {
    switch phase {
    case .stopped: return
    case .stopping: return endIfDone()
    case .running: break
    }
    if isWelcome, let lastHeard, now >= lastHeard + silence {
      isWelcome = false
      if let home { emit(.note(.silent(home))) }
    }
    lookForCoordinators()
    if shardReportAt.map({ now >= $0 }) ?? false { reportShards() }
    guard isWelcome else { return }
    if lastHeartbeat.map({ now >= $0 + heartbeat }) ?? true { sendHeartbeat() }
    if let batchSentAt {
      if now >= batchSentAt + timing.retry { sendBatch(again: true) }
    } else {
      sendBatch()
    }
    resendRequests(olderThan: timing.retry)
  }

  private mutating func stop() {
    guard phase == .running else { return }
    phase = .stopping
    stopBy = now + timing.workerGrace
    sayLastWords()
    for request in requests { answer(request.number, .shuttingDown) }
    for lease in leases.valid { emit(.cancel(token: lease.token, reason: "the agent stops")) }
    endIfDone()
  }

  /// Says goodbye once the workers have ended, or had the time to.
  mutating func endIfDone() {
    guard phase == .stopping, leases.held.isEmpty || now >= stopBy else { return }
    for place in endpoints.indices where lastHello[place] != nil { emit(.send(.goodbye, to: place)) }
    phase = .stopped
    isWelcome = false
    emit(.stopped)
  }
}
