/// An incident with everything that is known of it.
enum IncidentPage {
  static func lines(_ incident: JSONValue) -> [String] {
    var lines = [
      "\(incident["id"]?.shown ?? "")  \(incident["name"]?.shown ?? "")",
      "  " + (incident["description"]?.shown ?? ""),
    ]
    func field(_ name: String, _ value: String?) {
      guard let value, !value.isEmpty else { return }
      lines.append("  " + name + String(repeating: " ", count: max(1, 14 - name.count)) + value)
    }
    field("status", IncidentList.status(incident))
    field("severity", incident["severity"]?.shown)
    field("targets", incident["affected_systems"]?.shown)
    field("autonomy", incident["autonomy"]?.shown)
    field("detected", Terminal.time(incident["detected_at"]))
    field("resolved", Terminal.time(incident["resolved_at"]))
    field("signals", incident["count"]?.shown)
    field("acknowledged", person(incident["acknowledged"]))
    field("snoozed until", Terminal.time(incident["snoozed_until"]))
    field("approved", person(incident["approved"]))
    field("escalated to", incident["escalated_to"]?.shown)
    field("because", incident["escalation_reason"]?.shown)
    lines += diagnosis(incident)
    lines += steps(incident)
    if let verification = incident["verification"] {
      lines += ["", "Verification: \(verification["verdict"]?.shown ?? "")"]
      lines.append("  " + (verification["detail"]?.shown ?? ""))
    }
    lines += timeline(incident)
    if incident["awaiting_approval"]?.isTrue == true {
      lines += ["", "It waits for a person: aiopsctl incidents approve \(incident["id"]?.shown ?? "")"]
    }
    return lines
  }

  private static func person(_ mark: JSONValue?) -> String? {
    guard let mark else { return nil }
    return "by \(mark["by"]?.shown ?? "?") at \(Terminal.time(mark["at"]))"
  }

  private static func diagnosis(_ incident: JSONValue) -> [String] {
    guard let diagnosis = incident["diagnosis"] else {
      return incident["root_cause"].map { ["", "Cause", "  " + $0.shown] } ?? []
    }
    var lines = ["", "Diagnosis"]
    for (index, hypothesis) in (diagnosis["hypotheses"]?.list ?? []).enumerated() {
      let confidence = hypothesis["confidence"]?.number.map { " (\(Int(min(max($0, 0), 1) * 100)) %)" } ?? ""
      lines.append("  \(index + 1). \(hypothesis["cause"]?.shown ?? "")\(confidence)")
      for evidence in hypothesis["evidence"]?.list ?? [] {
        lines.append("     - \(evidence["statement"]?.shown ?? "")")
        if let query = evidence["query"]?.shown { lines.append("       " + Table.clip(query, 200)) }
      }
    }
    if let remedy = diagnosis["remedy"] {
      lines.append("  Remedy: \(remedy["runbook"]?.shown ?? "") \(remedy["parameters"]?.shown ?? "")")
    }
    for recommendation in diagnosis["recommendations"]?.list ?? [] {
      lines.append("  Recommended: \(recommendation.shown)")
    }
    return lines
  }

  private static func steps(_ incident: JSONValue) -> [String] {
    let steps = incident["steps"]?.list ?? []
    if steps.isEmpty {
      let planned = incident["resolution_steps"]?.list ?? []
      return planned.isEmpty ? [] : ["", "Steps"] + planned.map { "  - " + $0.shown }
    }
    return ["", "Steps"]
      + steps.map { step in
        "  - \(step["name"]?.shown ?? ""): \(step["state"]?.shown ?? "")  \(step["detail"]?.shown ?? "")"
      }
  }

  private static func timeline(_ incident: JSONValue) -> [String] {
    let entries = incident["timeline"]?.list ?? []
    if entries.isEmpty { return [] }
    return ["", "Timeline"]
      + entries.map { entry in
        "  \(Terminal.time(entry["at"]))  \(entry["actor"]?.shown ?? ""): \(entry["text"]?.shown ?? "")"
      }
  }
}
