import IncidentEngine
import IncidentModel

/// What a chaos came to.
struct ChaosReport: Sendable {
  let seed: UInt64
  let minutes: Double
  let folder: String
  let diary: Diary
  /// Why no network was cut; `nil` when one could be.
  let network: String?
  let evidence: AuditEvidence
  let findings: [Finding]

  var isClean: Bool { findings.allSatisfy(\.holds) }

  var text: String {
    let pages = diary.pages
    var done = TextTable(["what was done", "times"])
    for (name, count) in counted(pages.dealt.map(\.blow.name)) { done.add([name, "\(count)"]) }
    for (fault, count) in pages.faults.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
      done.add([fault.rawValue, "\(count)"])
    }
    var ends = TextTable(["incidents", "\(evidence.replayed.count)"])
    for (name, count) in counted(outcomes) { ends.add(["  " + name, "\(count)"]) }
    var checks = TextTable(["claim", "looked at", "false"])
    for finding in findings {
      checks.add([finding.claim, grouped(finding.checked), grouped(finding.violations.count)])
    }
    var lines = [
      "seed \(seed), \(fixed(minutes, 1)) minutes; logs in \(folder)", done.text, ends.text,
      "seconds until another one led: " + times(diary.takeOvers), checks.text,
    ]
    if let network { lines.append("skipped: cutting a network, \(network)") }
    for (what, count) in pages.skipped.sorted(by: { $0.key < $1.key }) {
      lines.append("not done \(count) times: \(what)")
    }
    for finding in findings where !finding.notes.isEmpty {
      lines.append("\(finding.claim):\n" + finding.notes.map { "  \($0)" }.joined(separator: "\n"))
    }
    for finding in findings {
      for violation in finding.violations.prefix(20) { lines.append("! \(violation)") }
    }
    lines.append(isClean ? "all claims hold" : "NOT all claims hold")
    return lines.joined(separator: "\n")
  }

  /// How the incidents ended.
  private var outcomes: [String] {
    var outcome: [IncidentID: String] = [:]
    for entry in evidence.events {
      guard let id = entry.incident else { continue }
      switch entry.event.fact {
      case .opened: outcome[id] = "still open"
      case .resolved(let auto, let reason):
        outcome[id] =
          auto
          ? "resolved by the machines"
          : reason.hasPrefix("by ") ? "resolved by people" : "went away by itself"
      case .markedFalsePositive: outcome[id] = "called a false positive"
      case .escalated: outcome[id] = "in people's hands"
      default: break
      }
    }
    return Array(outcome.values)
  }

  private func counted(_ names: [String]) -> [(String, Int)] {
    Dictionary(grouping: names) { $0 }.map { ($0.key, $0.value.count) }.sorted { $0.0 < $1.0 }
  }

  private func times(_ values: [Double]) -> String {
    let sorted = values.sorted()
    guard let last = sorted.last else { return "nobody had to take over undisturbed" }
    return
      "\(fixed(sorted[(sorted.count - 1) / 2], 2)) (median), \(fixed(last, 2)) (worst) of \(sorted.count)"
  }
}
