import Coordination
import IncidentEngine
import IncidentModel
import MessageBus

/// A batch of a coordinator under way.
struct SimBatch {
  let batch: CoreBatch
  /// So that a late answer is not taken for another's.
  let number: Int
  /// When it was decided, in true time.
  let decidedAt: Int64
}

/// A coordinator's process: the core that ships, and what drives it.
struct SimCoordinator {
  let index: Int
  let policy: EnginePolicy
  var generation = 0
  var isUp = false
  var isFrozen = false
  /// What came while it was frozen.
  var deferred: [SimEvent] = []
  /// How far its wall clock is off, in milliseconds.
  var skew: Int64
  var core: CoordinatorCore
  /// Its clock: the wall clock's time when it began, carried on.
  var clockBase = Simulation.epoch
  var clockStart: Int64 = 0
  /// Decided and not committed yet, oldest first: the first is with the store.
  var batches: [SimBatch] = []
  /// The number of the latest batch.
  var batchNumber = 0
  var beginsSoon = false
  /// A campaign or a confirmation is under way.
  var termWaits = false
  /// Agents' signals by connection and batch, to check their acknowledgement.
  var calls: [UInt64: PersonCall] = [:]

  init(index: Int, policy: EnginePolicy, skew: Int64) {
    self.index = index
    self.policy = policy
    self.skew = skew
    core = Self.makeCore(index, generation: 0, policy: policy)
  }

  var run: Run { Run(node: .coordinator(index), generation: generation) }

  var info: LeaderInfo {
    LeaderInfo(
      instance: "c\(index).\(generation)", bus: "sim://c\(index)", changes: "sim://changes\(index)",
      http: "http://c\(index)")
  }

  static func makeCore(_ index: Int, generation: Int, policy: EnginePolicy) -> CoordinatorCore {
    CoordinatorCore(
      policy: policy,
      identity: CoordinatorCore.Identity(
        instance: "c\(index).\(generation)", version: "sim", leaseSeconds: 10, heartbeatSeconds: 2,
        changesEndpoint: "sim://changes\(index)", sinks: World.sinks))
  }
}

extension Simulation {
  /// The coordinator's own time.
  func time(_ index: Int) -> Timestamp {
    // Field by field: a copy of the whole coordinator a call was a fifth of a life's time.
    if mutant == .wallClock { return Self.epoch + .milliseconds(now + coordinators[index].skew) }
    return coordinators[index].clockBase + .milliseconds(now - coordinators[index].clockStart)
  }

  func startCoordinator(_ index: Int) {
    disturbedAt = now
    coordinators[index].generation += 1
    coordinators[index].isUp = true
    coordinators[index].isFrozen = false
    coordinators[index].deferred = []
    coordinators[index].batches = []
    coordinators[index].beginsSoon = false
    coordinators[index].termWaits = false
    coordinators[index].calls = [:]
    coordinators[index].core = SimCoordinator.makeCore(
      index, generation: coordinators[index].generation, policy: coordinators[index].policy)
    coordinators[index].clockBase = Self.epoch + .milliseconds(now + coordinators[index].skew)
    coordinators[index].clockStart = now
    let run = coordinators[index].run
    trace.line(now) { "\(run.node) starts as run \(run.generation)" }
    put(.act(run, .tick), in: random.time(0...500))
    ask(.read(after: 0), index)
    put(.act(run, .term), in: random.time(50...300))
  }

  func receive(_ message: AgentMessage, from: Run, at index: Int) {
    guard case .agent(let agent) = from.node else { return }
    let peer = PeerID(instance: SimAgent.instance(agent, from.generation))
    var message = message
    if mutant == .duplicatesCount, case .signals(let batch, let signals) = message {
      audit.renamed += 1
      message = .signals(
        batch: batch,
        signals.map { signal in
          var copy = signal
          copy.id += "#\(audit.renamed)"
          return copy
        })
    }
    if mutant == .acknowledgedBeforeCommit, case .signals(let batch, _) = message,
      coordinators[index].core.epoch != nil
    {
      send(.accepted(batch: batch, pause: 0), to: peer, from: index)
    }
    let outputs = coordinators[index].core.receive(.message(message, from: peer), at: time(index))
    perform(outputs, index)
    beginSoon(index)
  }

  func beginSoon(_ index: Int) {
    guard coordinators[index].batches.count < CoordinatorCore.depth, !coordinators[index].beginsSoon else {
      return
    }
    coordinators[index].beginsSoon = true
    put(.act(coordinators[index].run, .begin), in: random.time(0...2))
  }

  func coordinatorActs(_ index: Int, _ act: Act) {
    let run = coordinators[index].run
    switch act {
    case .tick:
      put(.act(run, .tick), in: 500)
      perform(coordinators[index].core.receive(.tick, at: time(index)), index)
      beginSoon(index)
    case .term:
      guard !coordinators[index].termWaits else { return put(.act(run, .term), in: 100) }
      coordinators[index].termWaits = true
      if let epoch = coordinators[index].core.epoch {
        ask(.confirm(epoch: epoch), index)
        put(.act(run, .term), in: 1_000)
      } else {
        ask(.campaign(coordinators[index].info), index)
        put(.act(run, .term), in: 500)
      }
    case .begin:
      coordinators[index].beginsSoon = false
      begin(index)
    case .storeAnswer(let answer): storeAnswered(index, answer)
    case .retryAppend(let number):
      if number == coordinators[index].batches.first?.number { append(index) }
    case .sinkAnswer(let key, let sink, let result):
      perform(
        coordinators[index].core.receive(.delivered(key: key, sink: sink, result), at: time(index)), index)
      beginSoon(index)
    case .call(let number, let call): take(call, UInt64(number), index)
    case .linkTick, .observe, .work: break
    }
  }

  private func begin(_ index: Int) {
    guard let batch = coordinators[index].core.begin(at: time(index)) else { return }
    if mutant == .effectBeforeJournal {
      let outputs = coordinators[index].core.commit(batch, at: time(index))
      perform(outputs, index)
    }
    coordinators[index].batchNumber += 1
    coordinators[index].batches.append(
      SimBatch(batch: batch, number: coordinators[index].batchNumber, decidedAt: now))
    if !batch.events.isEmpty, dies(index, "before an append") { return }
    // One that is decided ahead waits until the one before it is durable.
    if coordinators[index].batches.count == 1 { append(index) }
    // Usually the next one is decided when this one is committed.
    if coordinators[index].isUp, random.chance(0.3) { beginSoon(index) }
  }

  /// Gives the first batch to the store, if there is anything to be made durable.
  private func append(_ index: Int) {
    guard let first = coordinators[index].batches.first else { return }
    guard !first.batch.events.isEmpty else { return committed(index, asked: now) }
    ask(.append(first.batch.events, epoch: first.batch.epoch), index)
  }

  private func committed(_ index: Int, asked: Int64) {
    let batch = coordinators[index].batches.removeFirst().batch
    let outputs = coordinators[index].core.commit(
      batch, asked: time(index) + .milliseconds(asked - now), at: time(index))
    if dies(index, "between journal and effect") { return }
    // What is decided already goes to the store before or after what has become durable leaves.
    let next = coordinators[index].batches.first
    let isAhead = next?.batch.events.isEmpty == false && random.chance(0.5)
    if isAhead { append(index) }
    perform(outputs, index)
    guard coordinators[index].isUp else { return }
    if !isAhead { append(index) }
    beginSoon(index)
  }

  /// A process may die at any point of its code.
  func dies(_ index: Int, _ point: String) -> Bool {
    guard !isQuiet, profile.crashPoint > 0, random.chance(profile.crashPoint) else { return false }
    count("killed \(point)")
    trace.line(now) { "coordinator \(index) dies \(point)" }
    kill(.coordinator(index))
    put(.heal(.start(.coordinator(index))), in: random.time(200...15_000))
    return true
  }

  // MARK: The store

  func ask(_ what: StoreRequest.What, _ index: Int) {
    let request = StoreRequest(
      what: what, from: coordinators[index].run, asked: now,
      batch: coordinators[index].batches.first?.number ?? 0,
      decided: coordinators[index].batches.first?.decidedAt ?? now)
    guard store.isUp, storeReach[index] else {
      return answer(request, .unreachable, in: random.time(100...2_000))
    }
    let slow = !isQuiet && random.chance(profile.storeTrouble)
    put(.store(request), in: slow ? random.time(10...4_000) : random.time(1...8))
  }

  func serve(_ request: StoreRequest) {
    guard case .coordinator(let index) = request.from.node else { return }
    guard store.isUp, storeReach[index] else { return answer(request, .unreachable, in: 50) }
    let isGone = coordinators[index].generation != request.from.generation || !coordinators[index].isUp
    // A transaction whose client died may still be committed, or not.
    if isGone, random.chance(0.5) { return }
    if case .campaign = request.what, isGone { return }
    let trouble = !isQuiet && random.chance(profile.storeTrouble)
    if trouble, random.chance(0.4) {
      count("append failed")
      return answer(request, .unreachable, in: random.time(1...1_500))
    }
    let torn = !isQuiet && random.chance(0.05 + profile.storeTrouble)
    let before = store.events.count
    let result = store.run(request, at: now, torn: torn)
    if store.events.count > before {
      audit.take(store.events, from: before, epochs: store.epochs, decided: request.decided) { fail($0, $1) }
      trace.mix(UInt64(store.events.count))
      for event in store.events[before...] {
        trace.mix(UInt64(bitPattern: event.at.milliseconds))
        trace.mix(UInt64(event.incident?.number ?? 0))
      }
      if trace.isKept {
        for event in store.events[before...] {
          trace.line(now) {
            "journal \(event.sequence): \(event.incident?.text ?? "-") \(Self.brief(event.fact)) (epoch \(store.epoch))"
          }
        }
      }
      if mutant == .tornWrite, torn {
        kill(.coordinator(index))
        put(.heal(.start(.coordinator(index))), in: 500)
      }
    }
    if trouble {
      count("answer lost after the append")
      return answer(request, .unreachable, in: random.time(100...1_500))
    }
    answer(request, result, in: random.time(1...5))
  }

  private func answer(_ request: StoreRequest, _ what: StoreAnswer.What, in delay: Int64) {
    put(
      .act(request.from, .storeAnswer(StoreAnswer(what: what, request: request))),
      in: delay)
    if case .unreachable = what, case .append = request.what {
      put(.act(request.from, .retryAppend(request.batch)), in: delay + 250)
    }
  }

  private func storeAnswered(_ index: Int, _ answer: StoreAnswer) {
    let leads = coordinators[index].core.epoch != nil
    switch answer.request.what {
    case .campaign, .confirm: coordinators[index].termWaits = false
    case .append, .read: break
    }
    switch answer.what {
    case .appended:
      guard answer.request.batch == coordinators[index].batches.first?.number else { return }
      if dies(index, "after an append") { return }
      committed(index, asked: answer.request.asked)
    case .confirmed:
      guard leads else { return }
      let now = time(index)
      let outputs = coordinators[index].core.confirmed(
        asked: now - .milliseconds(self.now - answer.request.asked), at: now)
      perform(outputs, index)
    case .campaign(.following(let leader)):
      guard !leads else { return }
      coordinators[index].core.follow(leader)
      ask(.read(after: coordinators[index].core.engine.state.sequence), index)
    case .campaign(.leading(let epoch)): lead(index, epoch, asked: answer.request.asked)
    case .events(let events):
      guard !leads else { return }
      follow(index, events)
    case .fenced:
      if let mine = coordinators[index].core.epoch, answer.request.epoch == mine { stepDown(index) }
    case .unreachable: break
    case .outOfOrder: fail("the journal has no gaps", "the store refused what its leader appended")
    }
  }

  private func follow(_ index: Int, _ events: [EngineEvent]) {
    var events = events
    if mutant == .gapIgnored, events.count > 1, random.chance(0.2) { events.remove(at: events.count / 2) }
    _ = coordinators[index].core.follow(events.map(journaled))
  }

  /// The event as the journal gives it back.
  private func journaled(_ event: EngineEvent) -> EngineEvent {
    var event = event
    switch (mutant, event.fact) {
    case (.timersForgotten, .climbed(let level, let round, let name, let next)):
      event.fact = .climbed(level: level, round: round, name: name, next: next + .seconds(1_000_000))
    case (.timersForgotten, .queued(let job, let deadline)):
      event.fact = .queued(job: job, deadline: deadline + .seconds(1_000_000))
    case (.timersRestarted, .climbed(let level, let round, let name, let next)):
      event.fact = .climbed(level: level, round: round, name: name, next: max(next, event.at + .seconds(300)))
    case (.toldForgotten, .announcementTold(let key, _)):
      event.fact = .announcementTold(key: key, sink: "nobody")
    case (.announcementsForgotten, .announced(let announcement)):
      event.fact = .announcementTold(key: announcement.key, sink: "nobody")
    default: break
    }
    return profile.json ? Self.throughJSON(event) : event
  }

  private func lead(_ index: Int, _ epoch: UInt64, asked: Int64) {
    // The rest of the journal first, as one transaction with the campaign would see it.
    let known = Int(coordinators[index].core.engine.state.sequence)
    follow(index, Array(store.events[min(known, store.events.count)...]))
    coordinators[index].clockBase = max(
      Self.epoch + .milliseconds(now + coordinators[index].skew), coordinators[index].core.engine.latest)
    coordinators[index].clockStart = now
    trace.line(now) { "coordinator \(index) leads under epoch \(epoch)" }
    count("leader changes")
    disturbedAt = now
    coordinators[index].core.lead(
      epoch: epoch, asked: time(index) + .milliseconds(asked - now), at: time(index))
    checkReplay(index)
    beginSoon(index)
  }

  private func stepDown(_ index: Int) {
    trace.line(now) { "coordinator \(index) steps down" }
    perform(coordinators[index].core.abandon(), index)
    coordinators[index].batches = []
    coordinators[index].core = SimCoordinator.makeCore(
      index, generation: coordinators[index].generation, policy: coordinators[index].policy)
    ask(.read(after: 0), index)
  }
}
