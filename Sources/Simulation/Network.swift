import Coordination
import IncidentEngine
import IncidentModel
import MessageBus
import Notification

/// Which ways are cut.
struct Network {
  /// From an agent to a coordinator.
  var cutToCoordinator: Set<[Int]> = []
  /// From a coordinator to an agent.
  var cutToAgent: Set<[Int]> = []
}

extension Simulation {
  /// Does what a coordinator's core wants.
  func perform(_ outputs: [CoreOutput], _ index: Int) {
    for (place, output) in outputs.enumerated() {
      switch output {
      case .durable: break
      case .changed(let changes): show(changes, index)
      case .moved: count("shards moved")
      case .publish(let change): follow(change, from: index)
      case .send(let message, let peer):
        if place > 0, dies(index, "between two effects") { return }
        send(message, to: peer, from: index)
      case .answer(let number, let reply): answered(number, reply, index)
      case .deliver(var notification, let sink):
        if coordinators[index].core.epoch == store.epoch {
          audit.tells(notification.key, sink) { fail($0, $1) }
        }
        if mutant == .keysRenewed { notification.key += "@\(coordinators[index].core.epoch ?? 0)" }
        put(.sink(coordinators[index].run, notification, sink), in: random.time(5...200))
      }
    }
  }

  /// What the leader's readers see from now on.
  private func show(_ changes: [IncidentChange], _ index: Int) {
    for change in changes {
      var incident = change.incident
      if mutant == .readersAhead {
        incident = coordinators[index].core.engine.state.records.incident(incident.id) ?? incident
      }
      audit.shown(incident, change.sequence) { fail($0, $1) }
    }
  }

  func send(_ message: CoordinatorMessage, to peer: PeerID, from index: Int) {
    guard
      let place = agents.indices.first(where: { agents[$0].peer == peer })
    else { return undelivered(message, .unroutable, peer, index) }
    let to = (isUp: agents[place].isUp, index: agents[place].index, run: agents[place].run)
    guard to.isUp || random.chance(0.5) else { return undelivered(message, .unroutable, peer, index) }
    guard !network.cutToAgent.contains([index, to.index]), var message = onWire(message) else { return }
    switch (mutant, message) {
    case (.alarmsForgotten, .shardGranted(let grant)): message = .shardGranted(ShardGrant(grant.held))
    case (.shardBeforeRelease, .shardRecalled(let held)):
      put(
        .toCoordinator(
          .shardMemory(ShardMemory(held, isReleased: true, bytes: [])), from: to.run, to: index), in: 1)
      put(.toAgent(message, from: coordinators[index].run, to: to.run), in: 3_000)
      return
    default: break
    }
    let event = SimEvent.toAgent(message, from: coordinators[index].run, to: to.run)
    for delay in delays() { put(event, in: delay) }
  }

  private func undelivered(_ message: CoordinatorMessage, _ delivery: Delivery, _ peer: PeerID, _ index: Int)
  {
    guard case .work(let job) = message, let instance = coordinators[index].core.instance(of: peer) else {
      return
    }
    _ = coordinators[index].core.receive(
      .undelivered(job.lease, instance: instance, delivery), at: time(index))
    beginSoon(index)
  }

  func send(_ message: AgentMessage, from index: Int, to place: Int) {
    guard !network.cutToCoordinator.contains([index, place]), let message = onWire(message) else { return }
    let event = SimEvent.toCoordinator(message, from: agents[index].run, to: place)
    for delay in delays() { put(event, in: delay) }
  }

  /// After how long each copy of a message arrives; none when it is lost.
  private func delays() -> [Int64] {
    if isQuiet { return [random.time(1...5)] }
    var delays: [Int64] = []
    if random.chance(profile.loss) { count("message lost") } else { delays.append(delay()) }
    if random.chance(profile.doubled) {
      count("message doubled")
      delays.append(delay())
    }
    return delays
  }

  private func delay() -> Int64 {
    guard random.chance(profile.late) else { return random.time(1...15) }
    count("message late")
    return random.time(50...8_000)
  }

  /// The message as it comes off the wire, where the life asks for that.
  private func onWire(_ message: AgentMessage) -> AgentMessage? {
    guard profile.wire else { return message }
    do { return try WireCodec.decodeAgentMessage(WireCodec.encode(message)) } catch {
      fail("what is said can be put on the wire", "\(message.name): \(error)")
      return nil
    }
  }

  private func onWire(_ message: CoordinatorMessage) -> CoordinatorMessage? {
    guard profile.wire else { return message }
    do { return try WireCodec.decodeCoordinatorMessage(WireCodec.encode(message)) } catch {
      fail("what is said can be put on the wire", "\(message.name): \(error)")
      return nil
    }
  }

  // MARK: Sinks

  func arrive(_ notification: Notification, at sink: String, from run: Run) {
    var result = DeliveryResult.delivered(detail: sink)
    let isDown = world.sinksDown.contains(sink)
    let fails = !isQuiet && random.chance(profile.sinkTrouble)
    if isDown || (fails && random.chance(0.5)) {
      result = .failed(reason: "\(sink) is away", retryable: true)
    } else {
      trace.line(now) { "\(sink) takes \(notification.key)" }
      audit.told(notification, sink, store: store) { fail($0, $1) }
      // It was taken, though the sender may never know.
      if fails { result = .failed(reason: "no answer", retryable: true) }
      react(to: notification)
    }
    put(.act(run, .sinkAnswer(key: notification.key, sink: sink, result)), in: random.time(5...300))
  }
}
