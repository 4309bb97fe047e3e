import IncidentModel

extension LinkCore {
  // MARK: - Time

  var heartbeat: Duration { .seconds(welcome?.heartbeatSeconds ?? 1) }
  var leasePeriod: Duration { .seconds(welcome?.leaseSeconds ?? 30) }
  /// How long home may say nothing before it is given up.
  var silence: Duration { max(heartbeat * timing.silentHeartbeats + timing.doubt, timing.hello) }
  /// How long it may say nothing before others are asked who leads.
  var quiet: Duration { heartbeat + timing.doubt }

  private var isQuiet: Bool { lastHeard.map { now >= $0 + quiet } ?? true }

  func nextHello(_ place: Int) -> Duration { lastHello[place].map { $0 + timing.hello } ?? .zero }

  // MARK: - Finding home

  /// Says hello to every coordinator that may lead.
  mutating func lookForCoordinators() {
    for place in endpoints.indices where now >= nextHello(place) {
      if !isWelcome || (place != home && isQuiet) { sayHello(place) }
    }
  }

  private mutating func sayHello(_ place: Int) {
    lastHello[place] = now
    emit(.send(.hello(info), to: place))
  }

  /// At once, but not as often as somebody who always asks for it would have it.
  private mutating func sayHelloSoon(_ place: Int) {
    if let last = lastHello[place], now < last + timing.hello / 4 { return }
    sayHello(place)
  }

  private mutating func greeted(_ new: Welcome, by place: Int) {
    if new.epoch < epoch {
      counts.outdated += 1
      if isRound(counts.outdated) {
        emit(.note(.outdated(place, epoch: new.epoch, seen: epoch, count: counts.outdated)))
      }
      if place == home { leaveHome() }
      return
    }
    // The same coordinator under another address; the one that is in use will do.
    if new.epoch == epoch, let home, home != place, isWelcome, !isQuiet { return }
    if place != home || welcome?.coordinator != new.coordinator {
      // The pause was the other one's wish.
      endPause()
      emit(.note(.connected(new, to: place)))
    }
    epoch = new.epoch
    home = place
    welcome = new
    isWelcome = true
    lastHeard = now
    counts.welcomes += 1
    sendHeartbeat()
    sendBatch(again: true)
    resendRequests(olderThan: .zero)
    emit(.welcomed)
  }

  private mutating func leaveHome() {
    home = nil
    isWelcome = false
  }

  private mutating func notLeading(_ place: Int, leader: String?) {
    let named = leader.flatMap { endpoints.firstIndex(of: $0) }
    if place == home {
      emit(.note(.deposed(place, leader: leader)))
      leaveHome()
      if let named { sayHelloSoon(named) }
      for other in endpoints.indices where other != place { sayHelloSoon(other) }
    } else if !isWelcome {
      let next = named ?? (place + 1) % endpoints.count
      if next != place { sayHelloSoon(next) }
    }
  }

  // MARK: - Receiving

  mutating func received(_ message: CoordinatorMessage, from place: Int) {
    guard endpoints.indices.contains(place), phase != .stopped else { return }
    switch message {
    case .welcome(let welcome): return greeted(welcome, by: place)
    case .notLeading(let leader): return notLeading(place, leader: leader)
    case .rejected(let reason):
      counts.rejections += 1
      if isRound(counts.rejections) {
        emit(.note(.rejected(reason: reason, count: counts.rejections)))
      }
    default: break
    }
    guard place == home else {
      counts.ignored += 1
      return
    }
    lastHeard = now
    switch message {
    case .heartbeatAcknowledged(let sequence, let valid):
      for token in leases.acknowledged(sequence, valid: valid) {
        lose(token, reason: "the coordinator does not know it any more")
      }
    case .accepted(let batch, let pause): accepted(batch, pause: pause)
    case .work(let job): take(job)
    case .granted(let number): answer(number, nil)
    case .refused(let number, let reason):
      guard let request = requests.first(where: { $0.number == number }) else { return }
      lose(request.lease.token, reason: reason)
      answer(number, .lost(reason: reason))
    case .revoked(let lease, let reason): lose(lease.token, reason: reason)
    case .unknownAgent:
      isWelcome = false
      sayHelloSoon(place)
    case .shardGranted(let grant): granted(grant)
    case .shardRecalled(let held): recalled(held)
    case .shardPassedOn(let held): shards?.passedOn(held)
    case .shardsNoted(let notice): shards?.noted(notice)
    case .snapshot, .rejected, .welcome, .notLeading: break
    }
  }

  // MARK: - Sending

  /// Sends to the coordinator that is listened to; without one there will be a welcome first.
  mutating func sendHome(_ message: AgentMessage) {
    if let home { emit(.send(message, to: home)) }
  }

  mutating func sendHeartbeat() {
    lastHeartbeat = now
    let free = takes == nil || phase != .running ? 0 : max(slots - leases.held.count, 0)
    sendHome(
      .heartbeat(
        Heartbeat(
          sequence: leases.beat(at: now), load: 0, freeSlots: free, leases: leases.valid,
          spool: takes == nil ? spoolReport : nil)))
    reportShards()
  }

  private var spoolReport: SpoolReport {
    var report = SpoolReport()
    report.waiting = spool.count
    report.coalesced = spool.coalesced
    report.dropped = spool.dropped
    report.throttledSeconds = counts.throttled.inSeconds
    return report
  }
}
