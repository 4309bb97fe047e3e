import IncidentEngine
import IncidentModel
import TestKit

/// Facts of every kind with texts and numbers of every kind.
struct FactChance {
  var random: SeededRandom

  mutating func text() -> String {
    let scalars: [Unicode.Scalar] = [
      "a", "Z", "9", " ", "\"", "\\", "/", "\n", "\u{0}", "\u{1F}", "\u{7F}", "é", "e\u{301}", "\u{2028}",
      "\u{1F600}", "_", "{",
    ].flatMap(\.unicodeScalars)
    var text = ""
    for _ in 0..<Int.random(in: 0...24, using: &random) {
      text.unicodeScalars.append(scalars.randomElement(using: &random) ?? "x")
    }
    return text
  }

  mutating func number() -> Double {
    switch Int.random(in: 0..<5, using: &random) {
    case 0: Double(Int.random(in: -1_000_000...1_000_000, using: &random))
    case 1: Double.random(in: -1...1, using: &random)
    case 2: Double.random(in: -1e300...1e300, using: &random)
    case 3: Double(Int64.random(in: .min ... .max, using: &random))
    default:
      // Any pattern of bits that is a number.
      [Double(bitPattern: UInt64.random(in: .min ... .max, using: &random))].first { $0.isFinite } ?? 0
    }
  }

  mutating func time() -> Timestamp {
    Timestamp(milliseconds: Int64.random(in: -62_135_596_800_000...253_402_300_799_999, using: &random))
  }

  mutating func pick<T>(_ values: [T], or other: T) -> T { values.randomElement(using: &random) ?? other }

  mutating func signal() -> Signal {
    var labels: [String: String] = [:]
    for _ in 0..<Int.random(in: 0...5, using: &random) { labels[text()] = text() }
    return Signal(
      id: text(), fingerprint: Fingerprint(text: text()), state: pick([.raised, .cleared], or: .raised),
      metric: text(), source: text(), labels: labels, value: number(), unit: text(),
      rule: SignalRule(
        kind: pick([.threshold, .baseline, .sourceFailure, .alert], or: .alert),
        condition: pick(Condition.allCases, or: .above), threshold: number(), clearThreshold: number(),
        text: text()),
      score: number(), severity: pick(Severity.allCases, or: .info), observedAt: time(),
      breachedSince: time(),
      detector: text())
  }

  mutating func lease() -> Lease {
    Lease(
      incident: IncidentID(number: UInt32.random(in: .min ... .max, using: &random)),
      kind: pick(JobKind.allCases, or: .resolve), token: UInt64.random(in: .min ... .max, using: &random))
  }

  private mutating func note() -> String? { Bool.random(using: &random) ? text() : nil }

  mutating func fact() -> Fact {
    let token = UInt64.random(in: .min ... .max, using: &random)
    switch Int.random(in: 0..<24, using: &random) {
    case 0: return .opened(signal: signal(), autonomy: pick(Autonomy.allCases, or: .auto))
    case 1: return .signalled(signal: signal())
    case 2: return .noted(signal: signal(), reason: text())
    case 3: return .queued(job: pick(JobKind.allCases, or: .resolve), deadline: time())
    case 4:
      return .leased(
        lease: lease(), worker: text(), instance: text(), attempt: Int.random(in: 0...9, using: &random),
        expires: time())
    case 5: return .leaseLost(token: token, reason: text())
    case 6: return .jobEnded(token: token, reason: text())
    case 7: return .jobEnded(token: nil, reason: text())
    case 8: return .settling(until: time())
    case 9: return .unsettled
    case 10: return .resolved(auto: Bool.random(using: &random), reason: text())
    case 11: return .escalated(reason: text())
    case 12: return .approvalRequested(deadline: time())
    case 13: return .approved(note: note())
    case 14:
      return .acknowledged(note: note(), until: Bool.random(using: &random) ? time() : nil, name: note())
    case 17: return .snoozed(until: time(), note: note(), name: text())
    case 18: return .snoozeEnded
    case 19: return .acknowledgementLapsed(person: text())
    case 20: return .climbed(level: 3, round: 4, name: text(), next: time())
    case 15: return .stepIntended(index: 3, name: text(), token: token)
    case 16:
      return .exchanged(
        exchange: Exchange(
          number: 1, question: text(), tool: text(), query: text(), finding: text(), at: time()))
    case 22:
      return .access(
        record: AccessRecord(
          pick(AccessRecord.Kind.allCases, or: .refused), name: note(), key: note(), instance: note(),
          agent: Bool.random(using: &random) ? pick(AgentKind.allCases, or: .detector) : nil, reason: note(),
          address: note(), count: Int.random(in: 0...1_000_000, using: &random)))
    case 21:
      return .archived(
        before: time(), opened: .random(in: .min ... .max, using: &random),
        salt: Bool.random(using: &random) ? .random(in: .min ... .max, using: &random) : nil,
        numbering: Bool.random(using: &random) ? pick(IncidentNumbering.allCases, or: .near) : nil,
        lastToken: token)
    default: return .announcementSettled(key: text(), outcome: text())
    }
  }
}
