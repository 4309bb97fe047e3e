/// The list of incidents, and a change as a line.
enum IncidentList {
  static func lines(_ answer: JSONValue, nothing: String) -> [String] {
    let incidents = answer["incidents"]?.list ?? []
    if incidents.isEmpty { return [nothing] }
    let rows = incidents.map { incident in
      [
        incident["id"]?.shown ?? "", incident["severity"]?.shown ?? "", status(incident),
        Terminal.time(incident["detected_at"]), incident["count"]?.shown ?? "",
        incident["affected_systems"]?.shown ?? "", incident["name"]?.shown ?? "",
        incident["root_cause"]?.shown ?? "",
      ]
    }
    let table = Table.lines(
      ["ID", "SEVERITY", "STATUS", "DETECTED", "COUNT", "TARGET", "NAME", "CAUSE"], rows)
    return answer["next_page_token"] == nil
      ? table : table + ["… and more; narrow it with --status or --severity"]
  }

  /// The status with what it waits for.
  static func status(_ incident: JSONValue) -> String {
    let status = incident["status"]?.shown ?? ""
    if incident["awaiting_approval"]?.isTrue == true { return status + " (approve?)" }
    if incident["snoozed_until"]?.text != nil { return status + " (snoozed)" }
    return incident["auto_resolved"]?.isTrue == true ? status + " (auto)" : status
  }

  /// A change on one line.
  static func changeLine(_ incident: JSONValue) -> String {
    var parts = [
      Terminal.time(incident["updated_at"] ?? incident["detected_at"]), incident["id"]?.shown ?? "",
      incident["severity"]?.shown ?? "", status(incident), incident["name"]?.shown ?? "",
    ]
    if let targets = incident["affected_systems"]?.shown, !targets.isEmpty { parts.append("on \(targets)") }
    if let cause = incident["root_cause"]?.shown { parts.append("– " + Table.clip(cause, 160)) }
    return parts.filter { !$0.isEmpty }.joined(separator: "  ")
  }
}
