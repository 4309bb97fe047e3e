import IncidentEngine
import IncidentModel

/// Holds the journal against what everybody else saw. A function of the evidence alone.
struct Audit: Sendable {
  let evidence: AuditEvidence

  init(_ evidence: AuditEvidence) { self.evidence = evidence }

  /// Every check, in the order of the report.
  var findings: [Finding] {
    var reading = EscalationReading(plan: evidence.plan, troubles: evidence.troubles, end: evidence.end)
    return [
      journal, loss, execution, reading.read(evidence.events), telling, replay, ends, accidents,
    ]
  }

  /// The journal has no holes, and no leader wrote after the one that followed it.
  private var journal: Finding {
    var finding = Finding("the journal has no hole, and nobody wrote who no longer led")
    var sequence: UInt64 = 0
    var epoch: Int64 = 0
    for entry in evidence.events {
      finding.check(entry.sequence == sequence + 1, "after event \(sequence) comes \(entry.sequence)")
      finding.check(
        entry.epoch >= epoch, "event \(entry.sequence) is of epoch \(entry.epoch), the one before of \(epoch)"
      )
      (sequence, epoch) = (entry.sequence, max(epoch, entry.epoch))
    }
    finding.notes.append("\(Set(evidence.events.map(\.epoch)).count) leaderships wrote")
    return finding
  }

  /// What was accepted is in the journal.
  private var loss: Finding {
    var finding = Finding("what was acknowledged to its sender is in the journal")
    var values: Set<Double> = []
    var ids: Set<String> = []
    var actors: Set<String> = []
    for entry in evidence.events {
      switch entry.event.fact {
      case .opened(let signal, _), .signalled(let signal), .noted(let signal, _):
        if signal.source == "alert" { values.insert(signal.value) }
        ids.insert(signal.id)
      default: break
      }
      if let incident = entry.incident { actors.insert("\(entry.event.actor) \(incident)") }
    }
    for mark in evidence.alerts {
      finding.check(values.contains(mark), "the alert of \(mark) was accepted and is not in the journal")
    }
    for id in evidence.signals {
      finding.check(ids.contains(id), "the signal \(id) was accepted and is not in the journal")
    }
    for word in evidence.words {
      finding.check(
        actors.contains("\(word.by) \(word.incident)"),
        "the word of \(word.by) on \(word.incident) was taken and is not in the journal")
    }
    finding.notes.append(
      "\(evidence.alerts.count) alerts, \(evidence.signals.count) signals, \(evidence.words.count) words")
    return finding
  }

  /// A replay of the journal gives what the API shows.
  private var replay: Finding {
    var finding = Finding("a replay of the journal gives what every coordinator shows")
    for (index, shown) in evidence.shown.enumerated() {
      let who = "coordinator \(index + 1)"
      for (id, json) in evidence.replayed.sorted(by: { $0.key < $1.key }) {
        let other = shown[id]
        finding.check(
          other == json,
          "\(who) shows \(id) otherwise than the journal: \(Self.difference(other ?? "not at all", json))")
      }
      finding.check(shown.count == evidence.replayed.count, "\(who) shows \(shown.count) incidents")
    }
    return finding
  }

  /// Where two texts part.
  private static func difference(_ a: String, _ b: String) -> String {
    let common = zip(a, b).prefix { $0 == $1 }.count
    let from = max(0, common - 40)
    return "…\(a.dropFirst(from).prefix(160))… against …\(b.dropFirst(from).prefix(160))…"
  }

  /// Nothing is open that will not end by itself or by people.
  private var ends: Finding {
    var finding = Finding("every incident ends, has a deadline, or is in people's hands")
    finding.checked = evidence.replayed.count
    finding.violations = evidence.stuck
    return finding
  }

  private var accidents: Finding {
    var finding = Finding("no process ended by itself, and no healthy application was harmed")
    finding.checked = 1
    finding.violations = evidence.accidents
    return finding
  }
}
