import IncidentModel

/// Random valid escalation policies.
enum RandomPolicy {
  static func make(_ random: inout some RandomNumberGenerator) -> EscalationPolicy {
    while true {
      let count = Int.random(in: 1...9, using: &random)
      let steps = (0..<count).map { step($0, &random) }
      if let policy = try? EscalationPolicy(steps: steps) { return policy }
    }
  }

  private static func step(_ index: Int, _ random: inout some RandomNumberGenerator) -> EscalationPolicy.Step
  {
    switch Int.random(in: 0..<10, using: &random) {
    case 0...3: .notify("person \(index)", sinks: ["s\(index)"])
    case 4: .notifyOnCall("rota-\(index)", sinks: [])
    case 5...7: .wait(.seconds(Int.random(in: 1...40, using: &random)))
    default:
      .repeatFrom(
        Int.random(in: 1...max(1, index), using: &random),
        count: Bool.random(using: &random) ? nil : Int.random(in: 1...4, using: &random))
    }
  }
}
