import IncidentEngine
import IncidentModel

extension Audit {
  /// Steps ran after their intent, and what must not run twice ran once.
  var execution: Finding {
    var finding = Finding(
      "no step ran without an intent in the journal before it, and none twice that must not")
    struct Intent: Hashable {
      var incident: String
      var step: Int
      var token: UInt64
    }
    var intents: [Intent: Timestamp] = [:]
    /// When a lease was given, and when what would put a step back was written down.
    var leases: [Intent: Timestamp] = [:]
    var undos: [Intent: Timestamp] = [:]
    var names: [String: Set<Int>] = [:]
    var succeeded: Set<Intent> = []
    for entry in evidence.events {
      guard let id = entry.incident?.text else { continue }
      switch entry.event.fact {
      case .stepIntended(let index, let name, let token):
        let intent = Intent(incident: id, step: index, token: token)
        // The first one counts: a step that is tried again was intended before all of its runs.
        intents[intent] = min(intents[intent] ?? entry.at, entry.at)
        if name == evidence.markStep { names[id, default: []].insert(index) }
      case .leased(let lease, _, _, _, _):
        leases[Intent(incident: id, step: 0, token: lease.token)] = entry.at
      case .stepConcluded(let outcome):
        if outcome.undo != nil {
          let undo = Intent(incident: id, step: outcome.index, token: 0)
          undos[undo] = min(undos[undo] ?? entry.at, entry.at)
        }
        guard outcome.state == .succeeded, names[id]?.contains(outcome.index) == true else { continue }
        succeeded.insert(Intent(incident: id, step: outcome.index, token: 0))
      default: break
      }
    }
    for seen in evidence.touches where seen.isUndo {
      let lease = leases[Intent(incident: seen.incident, step: 0, token: seen.token)]
      let undo = undos[Intent(incident: seen.incident, step: seen.step, token: 0)]
      let latest = seen.at + EscalationReading.skew
      finding.check(
        lease.map { $0 <= latest } ?? false && undo.map { $0 <= latest } ?? false,
        "\(seen.incident) step \(seen.step + 1) was put back at \(seen.at.rfc3339) under lease \(seen.token), "
          + "without that lease or without what would put it back in the journal")
    }
    for seen in evidence.marks + evidence.touches where !seen.isUndo {
      let intent = intents[Intent(incident: seen.incident, step: seen.step, token: seen.token)]
      finding.check(
        intent.map { $0 <= seen.at + EscalationReading.skew } ?? false,
        "\(seen.incident) step \(seen.step + 1) ran at \(seen.at.rfc3339) under lease \(seen.token), "
          + (intent.map { "intended only at \($0.rfc3339)" } ?? "which never intended it"))
    }
    var runs: [Intent: Int] = [:]
    for mark in evidence.marks {
      runs[Intent(incident: mark.incident, step: mark.step, token: 0), default: 0] += 1
    }
    for (intent, count) in runs.sorted(by: { $0.key.incident < $1.key.incident }) {
      finding.check(
        count == 1, "\(intent.incident) step \(intent.step + 1) ran \(count) times, and must not run twice")
    }
    for intent in succeeded.sorted(by: { $0.incident < $1.incident }) {
      finding.check(
        runs[intent] != nil,
        "\(intent.incident) step \(intent.step + 1) is said to have succeeded, and never ran")
    }
    finding.notes.append(
      "\(evidence.marks.count) runs of a step that must not run twice, \(evidence.touches.count) of others, "
        + "\(intents.count) intents")
    return finding
  }

  /// What was announced reached the receiver, and nothing else did.
  var telling: Finding {
    var finding = Finding("what is announced reaches its receiver, and nothing comes that was not announced")
    struct Told {
      var announced: Timestamp
      /// It is for the log alone.
      var isLogged: Bool
      var isAnswered = false
      var isSettled = false
    }
    var announcements: [String: Told] = [:]
    var open: [IncidentID: [String]] = [:]
    let arrived = Dictionary(grouping: evidence.pages, by: \.key)
    for entry in evidence.events {
      switch entry.event.fact {
      case .announced(let announcement):
        announcements[announcement.key] = Told(announced: entry.at, isLogged: announcement.sinks == ["log"])
        open[announcement.incident, default: []].append(announcement.key)
      case .acknowledged, .snoozed, .approved, .resolved, .markedFalsePositive, .escalated:
        // Nobody needs to hear what was announced before that any more.
        for key in entry.incident.flatMap({ open[$0] }) ?? [] where announcements[key]?.isSettled == false {
          announcements[key]?.isAnswered = true
        }
      case .announcementSettled(let key, let outcome):
        guard let told = announcements[key] else {
          finding.check(false, "\(key) was settled and never announced")
          continue
        }
        finding.check(!told.isSettled, "\(key) was settled twice")
        announcements[key]?.isSettled = true
        guard arrived[key] == nil, !told.isLogged else { continue }
        // Whoever was told something is said to have been told; whoever answered before need not hear it.
        finding.check(
          told.isAnswered && outcome != "delivered",
          "\(key), announced at \(told.announced.rfc3339), never arrived: \(outcome)")
      default: break
      }
    }
    for (key, told) in announcements.sorted(by: { $0.key < $1.key }) {
      finding.check(told.isSettled, "\(key), announced at \(told.announced.rfc3339), was never settled")
    }
    for page in evidence.pages where !page.key.hasPrefix("journal/") && page.event != "notice" {
      let announced = announcements[page.key]?.announced
      finding.check(
        announced.map { $0 <= page.at + EscalationReading.skew } ?? false,
        "\(page.key) arrived at \(page.at.rfc3339), "
          + (announced.map { "announced only at \($0.rfc3339)" } ?? "and was never announced"))
    }
    let repeats = arrived.values.count { $0.count > 1 }
    finding.notes.append(
      "\(arrived.count) keys arrived, \(repeats) of them more than once, under the same key")
    return finding
  }
}
