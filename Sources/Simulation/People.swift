import Coordination
import IncidentEngine
import IncidentModel
import Notification

extension Simulation {
  static let person = "ann"

  /// People answer what they are told, sometimes.
  func react(to notification: Notification) {
    guard let incident = notification.incident, !isQuiet || notification.kind == .approvalNeeded,
      random.chance(profile.people)
    else { return }
    let verbs: [PersonVerb] =
      switch notification.kind {
      case .escalation:
        [.acknowledge, .acknowledge, .snooze(.seconds(random.int(60...120))), .resolve, .falsePositive]
      case .approvalNeeded: [.approve, .approve, .acknowledge]
      case .resolved, .notice, .coordinatorTrouble, .coordinatorRecovered, .journalTip: []
      }
    guard !verbs.isEmpty else { return }
    let deed = PersonDeed(verb: random.pick(verbs), incident: incident)
    put(.person(deed), in: random.time(1_000...60_000))
  }

  func attempt(_ deed: PersonDeed) { call(.word(deed), after: 0) }

  func monitor() {
    guard !isQuiet else { return }
    put(.monitor, in: random.time(5_000...90_000))
    lastCall += 1
    let alert = AIopsAlert(
      alertID: "alert-\(lastCall)", metricName: "outside_\(random.int(1...2))",
      currentValue: random.chance(0.6) ? 200 : 10, threshold: 100, condition: .above,
      timestamp: Self.epoch + .milliseconds(now), resource: "shop", description: "")
    call(.alert(alert), after: 0)
  }

  /// Calls any coordinator; whoever does not lead passes it on, which is told to the caller here.
  private func call(_ call: PersonCall, after delay: Int64) {
    let run = coordinators[random.int(0...coordinators.count - 1)].run
    lastCall += 1
    put(.act(run, .call(lastCall, call)), in: delay + random.time(5...50))
  }

  func take(_ call: PersonCall, _ number: UInt64, _ index: Int) {
    coordinators[index].calls[number] = call
    let input: EngineInput =
      switch call {
      case .word(let deed): .person(deed.verb, deed.incident, by: Self.person, note: nil)
      case .alert(let alert): .alerts([alert], posting: "p\(number)")
      }
    if mutant == .acknowledgedBeforeCommit, case .alert = call, coordinators[index].core.epoch != nil {
      audit.posted("p\(number)", store: store) { fail($0, $1) }
    }
    perform(coordinators[index].core.receive(.call(number, input), at: time(index)), index)
    beginSoon(index)
  }

  func answered(_ number: UInt64, _ reply: EngineReply?, _ index: Int) {
    guard let call = coordinators[index].calls.removeValue(forKey: number) else { return }
    switch (call, reply) {
    case (.word(var deed), nil):
      deed.tries += 1
      if deed.tries < 20 { put(.person(deed), in: random.time(500...3_000)) }
    case (.word(let deed), .incident):
      trace.line(now) { "\(Self.person)'s \(deed.verb) of \(deed.incident) is taken" }
      audit.obeyed(deed, store: store) { fail($0, $1) }
    case (.alert, .alerts): audit.posted("p\(number)", store: store) { fail($0, $1) }
    default: break
    }
  }
}

extension PersonVerb {
  /// The verb without its arguments.
  var name: Name {
    switch self {
    case .acknowledge: .acknowledge
    case .approve: .approve
    case .resolve: .resolve
    case .falsePositive: .falsePositive
    case .snooze: .snooze
    }
  }
}
