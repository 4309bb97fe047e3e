import IncidentModel

/// What an event changed, for the audit: values by their names, before and after.
///
/// It goes into the journal with the event and is not read back: nothing is decided by it.
package struct Alteration: Sendable, Equatable, Codable {
  /// What was, of what is other now.
  package var before: [String: String]
  /// What is, of what was other.
  package var after: [String: String]
  /// Why, where the fact itself doesn't say.
  package var why: String?

  /// A change; see the fields.
  package init(before: [String: String], after: [String: String], why: String? = nil) {
    self.before = before
    self.after = after
    self.why = why
  }
}

/// Where an incident stands, as far as people or agents change it.
struct Standing: Equatable {
  let status: IncidentStatus
  let severity: Severity
  let acknowledged: String?
  let approved: String?
  let snoozedUntil: Timestamp?
  let worker: String?

  /// Read where it is: a copy of the record would be held while it changes.
  init(_ entry: IncidentTable.Entry) {
    status = entry.record.incident.status
    severity = entry.record.incident.severity
    acknowledged = entry.record.incident.acknowledged?.by
    approved = entry.record.incident.approved?.by
    snoozedUntil = entry.record.incident.snoozedUntil
    worker = entry.record.job?.lease?.worker
  }

  private var values: [(name: String, value: String?)] {
    [
      ("status", status.rawValue), ("severity", severity.rawValue), ("acknowledged_by", acknowledged),
      ("approved_by", approved), ("snoozed_until", snoozedUntil?.rfc3339), ("worker", worker),
    ]
  }

  /// What is other in a later one.
  func change(to later: Standing) -> Alteration {
    var change = Alteration(before: [:], after: [:])
    for (old, new) in zip(values, later.values) where old.value != new.value {
      change.before[old.name] = old.value
      change.after[new.name] = new.value
    }
    return change
  }
}

extension Engine {
  /// What a fact changed; `nil` for one that changed nothing of what the audit shows.
  func change(
    by fact: Fact, on id: IncidentID, from before: Standing, to after: Standing, why: String?
  ) -> Alteration? {
    switch fact {
    case .stepIntended, .stepConcluded: break
    default: if before == after, why == nil { return nil }
    }
    var change = before.change(to: after)
    change.why = why
    switch fact {
    case .stepIntended(let index, _, _): describe(step: index, .intended, undo: nil, of: id, in: &change)
    case .stepConcluded(let outcome):
      describe(step: outcome.index, outcome.state, undo: outcome.undo, of: id, in: &change)
    default: break
    }
    return change
  }

  /// Says what a step set, and what was set before it.
  private func describe(
    step index: Int, _ state: StepRecord.State, undo: Action?, of id: IncidentID, in change: inout Alteration
  ) {
    guard let remedy = self.state.records[id]?.incident.diagnosis?.remedy else { return }
    change.why = change.why ?? "runbook \(remedy.runbook)"
    if state != .intended {
      change.before["step"] = state == .rolledBack ? "done" : StepRecord.State.intended.rawValue
    }
    change.after["step"] = state.rawValue
    guard remedy.steps.indices.contains(index) else { return }
    let wanted = remedy.steps[index].action.settings
    let previous = undo?.settings ?? [:]
    let (before, after) = state == .rolledBack ? (wanted, previous) : (previous, wanted)
    change.before.merge(before) { $1 }
    change.after.merge(after) { $1 }
  }
}

extension Action {
  /// What it sets, by name: for actions that set something which has a value before and after.
  fileprivate var settings: [String: String] {
    switch self {
    case .setPoolSize(let pool): ["pool": pool.database, "pool_size": String(pool.size)]
    case .setTimeouts(let limits):
      ["role": limits.role].merging(
        [
          "statement_timeout": limits.statementSeconds,
          "idle_in_transaction_timeout": limits.idleInTransactionSeconds,
        ].compactMapValues { $0.map(Self.limit) }
      ) { $1 }
    case .setMaxMemory(let limit): ["max_memory_bytes": String(limit.bytes)]
    default: [:]
    }
  }

  private static func limit(_ seconds: Double) -> String {
    // Less than nothing: the role has none of its own.
    seconds < 0 ? "none" : "\(ParameterValue.number(seconds)) s"
  }
}
