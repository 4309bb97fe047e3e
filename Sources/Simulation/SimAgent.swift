import IncidentModel
import MessageBus
import Resolution

/// An agent's process: the link that ships, and what drives it.
struct SimAgent {
  let index: Int
  let kind: AgentKind
  var generation = 0 { didSet { peer = PeerID(instance: Self.instance(index, generation)) } }
  /// What this run is called on the bus.
  private(set) var peer: PeerID
  var isUp = false
  var isFrozen = false
  var deferred: [SimEvent] = []
  var link: LinkCore
  var startedAt: Int64 = 0
  var tickAt: Int64?
  var workers: [UInt64: SimWorker] = [:]
  var lastRequest: UInt64 = 0
  /// Which worker waits for the answer to a request.
  var requests: [UInt64: UInt64] = [:]
  // A detector's memory: what it said last of each series, and when.
  var said: [Int: (raised: Bool, at: Int64)] = [:]
  /// The targets that it can reach, and those that it watches.
  var reach: [String] = []
  var watching: Set<String> = []
  /// When something last happened to it or its connections.
  var disturbedAt: Int64 = 0
  /// When it last went on after it had stood still.
  var thawedAt: Int64 = -1_000_000
  var lastSignal = 0
  /// Signals of the batches that it sent, by their number.
  var batches: [UInt64: [String]] = [:]

  init(index: Int, kind: AgentKind, reach: [String]) {
    self.index = index
    self.kind = kind
    peer = PeerID(instance: Self.instance(index, 0))
    self.reach = reach
    link = Self.makeLink(index, 0, kind, coordinators: 1, reach: reach)
  }

  static func instance(_ index: Int, _ generation: Int) -> String { "a\(index).\(generation)" }

  static func makeLink(_ index: Int, _ generation: Int, _ kind: AgentKind, coordinators: Int, reach: [String])
    -> LinkCore
  {
    LinkCore(
      info: AgentInfo(
        instance: instance(index, generation), kind: kind, name: "\(kind.rawValue)-\(index)", version: "sim",
        pid: 1, targets: []),
      endpoints: (0..<coordinators).map { "sim://c\($0)" },
      takes: kind == .diagnoser ? .diagnose : kind == .resolver ? .resolve : nil, slots: 2, spoolLimit: 500,
      shards: kind == .detector
        ? reach.map { ShardOffer(Shard(target: $0), intervalSeconds: World.intervalSeconds) } : nil)
  }

  var run: Run { Run(node: .agent(index), generation: generation) }
}

/// A worker at a job.
struct SimWorker {
  var job: Job
  /// The crew of a resolver, with the steps that it works on.
  var crew: Crew?
  var steps: [PlannedStep] = []
  /// What the crew waits for.
  var command: CrewCommand?
  /// Exchanges that a diagnoser still has to state.
  var exchanges = 0
  var isCancelled = false
}

extension Simulation {
  func startAgent(_ index: Int) {
    agents[index].generation += 1
    agents[index].isUp = true
    agents[index].isFrozen = false
    agents[index].deferred = []
    agents[index].workers = [:]
    agents[index].requests = [:]
    agents[index].said = [:]
    agents[index].watching = []
    agents[index].disturbedAt = now
    agents[index].batches = [:]
    agents[index].lastSignal = 0
    agents[index].startedAt = now
    agents[index].tickAt = nil
    agents[index].link = SimAgent.makeLink(
      index, agents[index].generation, agents[index].kind, coordinators: profile.coordinators,
      reach: agents[index].reach)
    let run = agents[index].run
    trace.line(now) { "\(run.node) (\(agents[index].kind.rawValue)) starts as run \(run.generation)" }
    tell(index, .tick)
    if agents[index].kind == .detector { put(.act(run, .observe), in: random.time(100...3_000)) }
  }

  /// Gives the link an input and does what comes of it.
  func tell(_ index: Int, _ input: LinkInput) {
    let outputs = agents[index].link.handle(input, at: .milliseconds(now - agents[index].startedAt))
    for output in outputs { perform(output, index) }
    guard agents[index].isUp, let deadline = agents[index].link.nextDeadline else { return }
    let at = agents[index].startedAt + deadline.wholeMilliseconds
    if let planned = agents[index].tickAt, planned <= at, planned > now { return }
    agents[index].tickAt = max(at, now + 1)
    schedule.put(.act(agents[index].run, .linkTick), at: max(at, now + 1))
  }

  func hear(_ message: CoordinatorMessage, from: Run, at index: Int) {
    guard case .coordinator(let place) = from.node else { return }
    if case .accepted(let batch, _) = message, place == agents[index].link.home,
      let ids = agents[index].batches[batch]
    {
      audit.accepted(ids, store: store) { fail($0, $1) }
    }
    tell(index, .received(message, from: place))
  }

  func agentActs(_ index: Int, _ act: Act) {
    switch act {
    case .linkTick:
      if let planned = agents[index].tickAt, planned <= now { agents[index].tickAt = nil }
      tell(index, .tick)
    case .observe: observe(index)
    case .work(let token, let step): work(index, token, step)
    default: break
    }
  }

  private func perform(_ output: LinkOutput, _ index: Int) {
    switch output {
    case .send(let message, let place):
      if case .signals(let batch, let signals) = message { agents[index].batches[batch] = signals.map(\.id) }
      send(message, from: index, to: place)
      if mutant == .signalsNotResent, case .signals(let batch, _) = message {
        put(
          .toAgent(.accepted(batch: batch, pause: 0), from: coordinators[place].run, to: agents[index].run),
          in: 1)
      }
    case .start(let job): begin(job, index)
    case .cancel(let token, _):
      if mutant != .leaseLossIgnored { agents[index].workers[token]?.isCancelled = true }
    case .answer(let id, let error):
      guard let token = agents[index].requests.removeValue(forKey: id) else { return }
      answered(index, token, error)
    case .watch(let grant): watch(grant, index)
    case .unwatch(let shard): unwatch(shard, index)
    case .stopped:
      kill(.agent(index))
      put(.heal(.start(.agent(index))), in: random.time(200...15_000))
    case .welcomed, .note: break
    }
  }

  // MARK: Detectors

  /// Looks at every series and says what changed, or still stands.
  private func observe(_ index: Int) {
    put(.act(agents[index].run, .observe), in: random.time(4_000...6_000))
    checkShards()
    var signals: [Signal] = []
    for series in world.series.indices where agents[index].watching.contains(world.series[series].target) {
      let isBroken = world.series[series].isBroken
      let last = agents[index].said[series]
      let isNews = last == nil || last?.raised != isBroken
      guard isNews || (isBroken && now - (last?.at ?? 0) >= 60_000) else { continue }
      agents[index].said[series] = (isBroken, now)
      agents[index].lastSignal += 1
      let id = "\(SimAgent.instance(index, agents[index].generation))-\(agents[index].lastSignal)"
      signals.append(
        world.signal(series, id: id, detector: "detector-\(index)", at: Self.epoch + .milliseconds(now)))
    }
    if !signals.isEmpty { tell(index, .submit(signals)) }
  }

  // MARK: Workers

  private func begin(_ job: Job, _ index: Int) {
    var worker = SimWorker(job: job)
    if job.lease.kind == .diagnose {
      worker.exchanges = random.int(0...Exchange.limit)
    } else if let remedy = job.incident.diagnosis?.remedy {
      worker.steps = remedy.steps
      worker.crew = Crew(CrewPlan(incident: job.incident, steps: remedy.steps))
    }
    agents[index].workers[job.lease.token] = worker
    put(.act(agents[index].run, .work(token: job.lease.token, .next)), in: workTime(100...1_500))
  }

  func workTime(_ range: ClosedRange<Int>) -> Int64 {
    let time = random.time(range)
    return workersAreSlow && !isQuiet ? time * 20 : time
  }

  private func end(_ index: Int, _ token: UInt64, _ result: JobResult?) {
    agents[index].workers[token] = nil
    tell(index, .ended(token: token, result))
  }

  private func state(_ index: Int, _ token: UInt64, _ statement: WorkStatement) {
    guard let lease = agents[index].workers[token]?.job.lease else { return }
    agents[index].lastRequest += 1
    let id = agents[index].lastRequest
    agents[index].requests[id] = token
    tell(index, .request(id: id, statement, lease))
  }

  private func answered(_ index: Int, _ token: UInt64, _ error: LeaseError?) {
    guard let worker = agents[index].workers[token] else { return }
    if error != nil, mutant != .leaseLossIgnored { return end(index, token, nil) }
    switch worker.command {
    case .intend: step(index, token, .intended)
    case .conclude: step(index, token, .concluded)
    default: put(.act(agents[index].run, .work(token: token, .next)), in: workTime(100...2_000))
    }
  }

  private func work(_ index: Int, _ token: UInt64, _ what: WorkStep) {
    guard let worker = agents[index].workers[token] else { return }
    if worker.job.lease.kind == .diagnose { return investigate(index, token, worker) }
    switch what {
    case .next: step(index, token, .begun)
    case .ran(let place): ran(index, token, worker, place)
    case .measured: step(index, token, measured(worker))
    case .undone: step(index, token, .undone(.succeeded(detail: "put back", undo: nil)))
    }
  }

  private func investigate(_ index: Int, _ token: UInt64, _ worker: SimWorker) {
    if worker.isCancelled { return end(index, token, nil) }
    if worker.exchanges > 0 {
      agents[index].workers[token]?.exchanges -= 1
      let exchange = Exchange(
        number: Exchange.limit - worker.exchanges + 1, question: "?", tool: "sim", query: "",
        finding: "lease \(token)", at: Self.epoch + .milliseconds(now))
      return state(index, token, .exchanged(exchange))
    }
    let result: JobResult =
      random.chance(profile.stepTrouble / 4)
      ? .failed(reason: "nothing could be read")
      : .diagnosed(world.diagnosis(for: worker.job.incident, &random, mutant))
    end(index, token, result)
  }

  /// Gives the crew an event and does what it wants.
  private func step(_ index: Int, _ token: UInt64, _ event: CrewEvent) {
    guard var worker = agents[index].workers[token] else { return }
    guard var crew = worker.crew else { return end(index, token, .failed(reason: "no remedy")) }
    let command = crew.handle(event, at: Self.epoch + .milliseconds(now))
    worker.crew = crew
    worker.command = command
    agents[index].workers[token] = worker
    if worker.isCancelled, command.beginsWork { return end(index, token, nil) }
    let run = agents[index].run
    switch command {
    case .intend(let place, _):
      state(index, token, .intend(step: place, name: worker.steps[place].name))
      if mutant == .runBeforeIntent, agents[index].workers[token] != nil {
        agents[index].requests = agents[index].requests.filter { $0.value != token }
        step(index, token, .intended)
      }
    case .run(let place):
      audit.runs(worker.job, place, worker.steps[place], at: now, store: store) { fail($0, $1) }
      put(.act(run, .work(token: token, .ran(place))), in: workTime(200...4_000))
      if !isQuiet, profile.crashPoint > 0, random.chance(profile.crashPoint * 10) {
        count("killed in a step")
        kill(run.node)
        put(.heal(.start(run.node)), in: random.time(500...15_000))
      }
    case .conclude(let outcome): state(index, token, .concluded(outcome))
    case .verify: put(.act(run, .work(token: token, .measured)), in: workTime(2_000...12_000))
    case .undo(let place, _): put(.act(run, .work(token: token, .undone(place))), in: workTime(200...2_000))
    case .finish(let result): end(index, token, result)
    }
  }

  private func ran(_ index: Int, _ token: UInt64, _ worker: SimWorker, _ place: Int) {
    if random.chance(profile.stepTrouble / 2) {
      return step(index, token, .ran(.failed(detail: "it did not work", undo: nil)))
    }
    world.remedied(worker.job.incident, step: place, of: worker.steps.count, at: now)
    step(index, token, .ran(.succeeded(detail: "done under \(token)", undo: nil)))
  }

  private func measured(_ worker: SimWorker) -> CrewEvent {
    let at = Self.epoch + .milliseconds(now)
    let isBroken = world.isBroken(worker.job.incident)
    var verdict: Verification.Verdict = isBroken ? .notRecovered : .recovered
    if !isQuiet, random.chance(profile.stepTrouble) { verdict = .unknown }
    audit.measured(worker.job.lease, verdict)
    if mutant == .unknownIsRecovered, verdict == .unknown { verdict = .recovered }
    let metric = HealthMetric(
      name: worker.job.incident.symptoms.first?.latest.metric ?? "", value: isBroken ? 90 : 10, threshold: 80,
      unit: "percent", timestamp: at, source: "sim", healthy: verdict == .recovered)
    return .verified(
      Verification(verdict: verdict, detail: "measured", measurements: [metric], at: at), worse: false)
  }
}

extension Duration {
  /// Whole milliseconds, rounded up.
  var wholeMilliseconds: Int64 {
    let (seconds, attoseconds) = components
    return seconds * 1_000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
  }
}
