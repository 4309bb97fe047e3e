import Coordination
import IncidentEngine
import IncidentModel
import MessageBus
import Notification

/// One life of a whole cluster in virtual time, drawn from a seed.
///
/// What decides is what ships: ``Coordination/CoordinatorCore`` with its engine, ``MessageBus/LinkCore`` for every agent, and
/// ``Resolution/Crew`` for the remedies. Around them are a network, a store, clocks, processes, targets and people that
/// fail as the seed's ``Profile`` says. First comes a troubled part; then everything is healed, and all that was begun
/// must come to its end. The same seed gives the same life, to the last event.
final class Simulation {
  /// Where virtual time begins.
  static let epoch = Timestamp(milliseconds: 1_700_000_000_000)
  /// How long everything has after the last fault to come to an end.
  static let quiet: Int64 = 300_000

  let seed: UInt64
  let mutant: Mutant?
  let profile: Profile
  var random: SimRandom
  var schedule = Schedule()
  var now: Int64 = 0
  var store: SimStore
  var coordinators: [SimCoordinator] = []
  var agents: [SimAgent] = []
  var world = World()
  var network = Network()
  var subscriber = Subscriber()
  var audit: Audit
  var trace: Trace
  var report = SeedReport()
  /// What was found wrong first.
  var violation: Violation?
  /// Faults are over.
  var isQuiet = false
  var workersAreSlow = false
  var storeReach: [Bool]
  var lastCall = 0
  /// When something last happened to a coordinator, the store, or to all of the network.
  var disturbedAt: Int64 = 0

  init(seed: UInt64, mutant: Mutant? = nil, traced: Bool = false) {
    self.seed = seed
    self.mutant = mutant
    random = SimRandom(seed: seed)
    profile = Profile(&random)
    store = SimStore(mutant: mutant)
    trace = Trace(isKept: traced)
    let policy = Self.policy(mutant, profile)
    audit = Audit(policy: policy)
    storeReach = Array(repeating: true, count: profile.coordinators)
    world = World(targets: profile.targets)
    for index in 0..<profile.coordinators {
      coordinators.append(
        SimCoordinator(
          index: index, policy: policy, skew: random.time(Int(-profile.skew)...Int(profile.skew))))
    }
    let kinds: [AgentKind] =
      Array(repeating: .detector, count: profile.detectors)
      + Array(repeating: .diagnoser, count: profile.diagnosers)
      + Array(repeating: .resolver, count: profile.resolvers)
    for (index, kind) in kinds.enumerated() {
      // The first detector reaches everything, the others most of it.
      let reach = world.targets.filter { _ in index == 0 || random.chance(0.75) }
      agents.append(SimAgent(index: index, kind: kind, reach: kind == .detector ? reach : []))
    }
  }

  /// What every engine of the life decides by; short limits make long lives.
  static func policy(_ mutant: Mutant?, _ profile: Profile) -> EnginePolicy {
    var policy = EnginePolicy()
    policy.leaseDuration = mutant == .leaseNeverExpires ? .seconds(1_000_000) : .seconds(10)
    policy.agentTimeout = .seconds(30)
    policy.correlationWindow = .seconds(30)
    policy.diagnosisLimit = .seconds(60)
    policy.approvalLimit = .seconds(60)
    policy.resolutionLimit = .seconds(90)
    policy.settle = .seconds(20)
    policy.escalation = profile.escalation
    policy.acknowledgementLimit = profile.acknowledgementLimit
    policy.autonomy = ["target-0": .auto, "target-1": .auto, "target-2": .suggest, "target-3": .observe]
    return policy
  }

  /// Lives the whole life.
  func run() {
    for index in coordinators.indices { start(.coordinator(index)) }
    for index in agents.indices { start(.agent(index)) }
    put(.breakTarget, in: random.time(1_000...10_000))
    put(.fault, in: random.time(1_000...Int(profile.faultEvery)))
    put(.monitor, in: random.time(1_000...60_000))
    put(.subscriberLooks, in: 1_000)
    put(.look, in: profile.troubled)
    while violation == nil, let (at, event) = schedule.next() {
      now = at
      if at > profile.troubled + Self.quiet {
        checkEnd()
        break
      }
      report.events += 1
      handle(event)
    }
    report.virtualMilliseconds = now
    report.journaled = store.events.count
    report.checks += audit.checks
    report.hash = trace.hash
  }

  /// Puts an event into the future.
  func put(_ event: SimEvent, in delay: Int64) { schedule.put(event, at: now + max(delay, 0)) }

  /// Notes what was found wrong; the first one counts.
  func fail(_ law: String, _ text: String) {
    guard violation == nil else { return }
    violation = Violation(seed: seed, law: law, text: text, at: now)
    trace.line(now) { "VIOLATION of \"\(law)\": \(text)" }
  }

  private func handle(_ event: SimEvent) {
    switch event {
    case .toCoordinator(let message, let from, let index):
      let run = coordinators[index].run
      guard coordinators[index].isUp else { return }
      if coordinators[index].isFrozen { return coordinators[index].deferred.append(event) }
      trace.line(now) { "\(run.node) hears \(message.name) from \(from.node)" }
      receive(message, from: from, at: index)
    case .toAgent(let message, _, let to):
      guard case .agent(let index) = to.node, agents[index].generation == to.generation,
        agents[index].isUp
      else { return }
      if agents[index].isFrozen { return agents[index].deferred.append(event) }
      trace.line(now) { "\(to.node) (\(agents[index].kind.rawValue)) hears \(message.name)" }
      if case .toAgent(_, let from, _) = event { hear(message, from: from, at: index) }
    case .act(let run, let act): self.act(run, act, event)
    case .store(let request): serve(request)
    case .sink(let run, let notification, let sink): arrive(notification, at: sink, from: run)
    case .change(let change, _): take(change)
    case .snapshot(let snapshot, _): subscriber.show(subscriber.tracker.take(snapshot))
    case .subscriberLooks: look(everySoOften: true)
    case .person(let deed): attempt(deed)
    case .breakTarget: breakTarget()
    case .fault: injectFault()
    case .heal(let healing): heal(healing)
    case .monitor: monitor()
    case .look: becomeQuiet()
    case .lookAtLeases: checkLeases()
    }
  }

  private func act(_ run: Run, _ act: Act, _ event: SimEvent) {
    switch run.node {
    case .coordinator(let index):
      guard coordinators[index].generation == run.generation, coordinators[index].isUp else { return }
      if coordinators[index].isFrozen { return coordinators[index].deferred.append(event) }
      coordinatorActs(index, act)
    case .agent(let index):
      guard agents[index].generation == run.generation, agents[index].isUp else { return }
      if agents[index].isFrozen { return agents[index].deferred.append(event) }
      agentActs(index, act)
    }
  }
}

/// What was found wrong in a life.
package struct Violation: Sendable, Error {
  package var seed: UInt64
  /// Which law was broken.
  package var law: String
  /// How.
  package var text: String
  /// When, in virtual milliseconds.
  package var at: Int64
}

/// What one life came to.
struct SeedReport {
  var events = 0
  var virtualMilliseconds: Int64 = 0
  var journaled = 0
  var checks = 0
  var faults: [String: Int] = [:]
  var hash: UInt64 = 0
}

/// What happened, for people and as a hash.
struct Trace {
  let isKept: Bool
  private(set) var lines: [String] = []
  /// FNV-1a over what happened (Fowler, Noll, Vo).
  private(set) var hash: UInt64 = 0xcbf2_9ce4_8422_2325

  init(isKept: Bool) { self.isKept = isKept }

  /// Adds a line, made only when lines are kept.
  mutating func line(_ at: Int64, _ text: () -> String) {
    mix(UInt64(bitPattern: at))
    guard isKept else { return }
    lines.append("\(String(repeating: " ", count: max(0, 10 - String(at).count)))\(at) ms  \(text())")
  }

  /// Takes a number into the hash.
  mutating func mix(_ value: UInt64) {
    hash = (hash ^ value) &* 0x100_0000_01b3
  }
}
