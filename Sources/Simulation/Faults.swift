import Coordination
import MessageBus

extension Simulation {
  func count(_ fault: String) { report.faults[fault, default: 0] += 1 }

  func start(_ node: Node) {
    switch node {
    case .coordinator(let index): if !coordinators[index].isUp { startCoordinator(index) }
    case .agent(let index): if !agents[index].isUp { startAgent(index) }
    }
  }

  /// The process is gone, with all that it had in memory.
  func kill(_ node: Node) {
    switch node {
    case .coordinator(let index):
      disturbedAt = now
      coordinators[index].isUp = false
      coordinators[index].deferred = []
      // Its session ends with its connection, unless the machine went down with it.
      if random.chance(0.7) { store.ended(coordinators[index].run) }
    case .agent(let index):
      agents[index].disturbedAt = now
      agents[index].isUp = false
      agents[index].deferred = []
    }
  }

  /// The process ends as asked: nobody waits for it, and another may lead at once.
  private func stop(_ index: Int) {
    guard coordinators[index].isUp, !coordinators[index].isFrozen else { return }
    perform(coordinators[index].core.abandon(), index)
    if store.isUp, storeReach[index] { store.ended(coordinators[index].run) }
    kill(.coordinator(index))
  }

  func injectFault() {
    guard !isQuiet else { return }
    put(.fault, in: random.time(1_000...Int(profile.faultEvery * 2)))
    guard let kind = profile.faults.isEmpty ? nil : random.pick(profile.faults) else { return }
    let coordinator = random.int(0...coordinators.count - 1)
    let agent = random.int(0...agents.count - 1)
    let lasts = random.time(500...20_000)
    count(kind.rawValue)
    trace.line(now) { "FAULT \(kind.rawValue): coordinator \(coordinator), agent \(agent), \(lasts) ms" }
    disturb(kind, agent)
    switch kind {
    case .crashCoordinator:
      kill(.coordinator(coordinator))
      put(.heal(.start(.coordinator(coordinator))), in: lasts)
    case .crashAgent:
      kill(.agent(agent))
      put(.heal(.start(.agent(agent))), in: lasts)
    case .stopCoordinator:
      stop(coordinator)
      put(.heal(.start(.coordinator(coordinator))), in: lasts)
    case .stopAgent: if agents[agent].isUp, !agents[agent].isFrozen { tell(agent, .stop) }
    case .freezeCoordinator:
      coordinators[coordinator].isFrozen = true
      put(.heal(.thaw(.coordinator(coordinator))), in: lasts)
    case .freezeAgent:
      agents[agent].isFrozen = true
      put(.heal(.thaw(.agent(agent))), in: lasts)
    case .partition:
      network.cutToCoordinator.insert([agent, coordinator])
      network.cutToAgent.insert([coordinator, agent])
      put(.heal(.connect(agent, coordinator)), in: lasts)
    case .oneWay:
      if random.chance(0.5) {
        network.cutToCoordinator.insert([agent, coordinator])
      } else {
        network.cutToAgent.insert([coordinator, agent])
      }
      put(.heal(.connect(agent, coordinator)), in: lasts)
    case .cutStore:
      storeReach[coordinator] = false
      put(.heal(.storeReach(coordinator)), in: lasts)
    case .storeDown:
      store.isUp = false
      put(.heal(.storeUp), in: lasts)
    case .clockJump: coordinators[coordinator].skew += random.time(-60_000...60_000)
    case .sinkDown:
      let sink = random.pick(World.sinks)
      world.sinksDown.insert(sink)
      put(.heal(.sinkUp(sink)), in: lasts)
    case .slowWorkers:
      workersAreSlow = true
      put(.heal(.workersFast), in: lasts)
    }
  }

  func heal(_ healing: Healing) {
    disturb(healing)
    switch healing {
    case .start(let node): start(node)
    case .thaw(let node): thaw(node)
    case .connect(let agent, let coordinator):
      network.cutToCoordinator.remove([agent, coordinator])
      network.cutToAgent.remove([coordinator, agent])
    case .storeUp:
      store.isUp = true
      // Sessions end with the server: whoever comes first may lead, while the last one still trusts itself.
      if random.chance(0.5) { store.forgetHolder() }
    case .storeReach(let index): storeReach[index] = true
    case .sinkUp(let sink): world.sinksDown.remove(sink)
    case .workersFast: workersAreSlow = false
    }
  }

  private func thaw(_ node: Node) {
    let deferred: [SimEvent]
    switch node {
    case .coordinator(let index):
      guard coordinators[index].isFrozen else { return }
      deferred = coordinators[index].deferred
      coordinators[index].deferred = []
      coordinators[index].isFrozen = false
    case .agent(let index):
      guard agents[index].isFrozen else { return }
      deferred = agents[index].deferred
      agents[index].deferred = []
      agents[index].isFrozen = false
    }
    trace.line(now) { "\(node) thaws; \(deferred.count) things wait" }
    for event in deferred { put(event, in: 0) }
  }

  /// The faults are over; all that was begun must come to its end.
  func becomeQuiet() {
    isQuiet = true
    trace.line(now) { "everything is healed" }
    network = Network()
    disturbedAt = now
    store.isUp = true
    world.sinksDown = []
    workersAreSlow = false
    for index in coordinators.indices {
      storeReach[index] = true
      thaw(.coordinator(index))
      start(.coordinator(index))
    }
    for index in agents.indices {
      thaw(.agent(index))
      start(.agent(index))
    }
    audit.quietSince = now
    put(.lookAtLeases, in: 35_000)
  }

  func breakTarget() {
    guard !isQuiet else { return }
    put(.breakTarget, in: random.time(1_000...Int(profile.breakEvery * 2)))
    let index = random.int(0...world.series.count - 1)
    if world.series[index].isBroken, random.chance(0.7) {
      // It passes by itself.
      world.mend(index, at: now)
    } else {
      world.breakSeries(index, at: now, fixable: random.chance(0.8))
    }
    trace.line(now) {
      "\(world.series[index].target) \(world.series[index].metric) is \(world.series[index].isBroken ? "broken" : "in order")"
    }
  }
}
