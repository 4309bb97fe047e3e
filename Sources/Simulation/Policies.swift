import IncidentModel

/// The escalation policies that lives are drawn from.
enum Policies {
  static func draw(_ random: inout SimRandom) -> EscalationPolicy {
    let steps: [EscalationPolicy.Step] =
      switch random.int(0...5) {
      case 0:
        [.notify("first", sinks: []), .wait(.seconds(40)), .notify("second", sinks: []), .wait(.seconds(60))]
      case 1: [.notify("first", sinks: ["pager"]), .notify("second", sinks: ["chat"]), .wait(.seconds(30))]
      case 2:
        [
          .notify("first", sinks: []), .wait(.seconds(20)), .notifyOnCall("primary", sinks: []),
          .wait(.seconds(25)), .repeatFrom(1, count: 2), .notify("head", sinks: []),
        ]
      case 3:
        [.wait(.seconds(15)), .notify("first", sinks: []), .wait(.seconds(30)), .repeatFrom(2, count: nil)]
      case 4:
        [
          .notify("first", sinks: []), .wait(.seconds(10)), .repeatFrom(1, count: 3),
          .notify("second", sinks: []), .wait(.seconds(50)), .notify("last", sinks: []),
        ]
      default: [.notify("only", sinks: []), .wait(.seconds(35))]
      }
    do { return try EscalationPolicy(steps: steps) } catch { return .standard }
  }
}
