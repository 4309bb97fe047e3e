import IncidentModel

/// The agents as a table.
enum AgentList {
  static func lines(_ answer: JSONValue) -> [String] {
    let agents = answer["agents"]?.list ?? []
    if agents.isEmpty { return ["No agents are connected; start them with scripts/up."] }
    let rows = agents.map { agent in
      [
        agent["kind"]?.shown ?? "", agent["name"]?.shown ?? "", agent["version"]?.shown ?? "",
        agent["pid"]?.shown ?? "", agent["load"]?.shown ?? "", Terminal.time(agent["last_heartbeat"]),
        (agent["incidents"] ?? agent["leases"])?.shown ?? "", agent["targets"]?.shown ?? "",
      ]
    }
    return Table.lines(
      ["KIND", "NAME", "VERSION", "PID", "LOAD", "LAST HEARTBEAT", "WORKS ON", "TARGETS"], rows)
  }
}

/// The coordinator's own state.
enum StatusPage {
  static func lines(_ status: JSONValue) -> [String] {
    var lines: [String] = []
    func field(_ name: String, _ value: String?) {
      guard let value, !value.isEmpty else { return }
      lines.append(name + String(repeating: " ", count: max(1, 14 - name.count)) + value)
    }
    field("version", status["version"]?.shown)
    field("uptime", status["uptime_seconds"]?.number.map(Terminal.duration))
    field("ready", status["ready"]?.shown)
    if let role = status["role"]?.shown {
      let epoch = status["epoch"]?.number.map { $0 > 0 ? ", epoch \(ParameterValue.number($0))" : "" } ?? ""
      field("role", role + epoch)
      if role != "leading" { field("leader", leader(status["leader"])) }
    }
    field("store", status["store"]?.shown)
    if let incidents = status["incidents"] {
      field("incidents", counts(incidents["by_status"]) ?? "none")
      field("severities", counts(incidents["open_by_severity"] ?? incidents["by_severity"]))
    }
    field("queues", status["queues"]?.shown)
    if case .object? = status["agents"] { field("agents", counts(status["agents"])) }
    let deadlines = (status["deadlines"] ?? status["next_deadlines"])?.list ?? []
    for (index, deadline) in deadlines.prefix(20).enumerated() {
      let what = (deadline["kind"] ?? deadline["what"])?.shown ?? ""
      field(
        index == 0 ? "deadlines" : " ",
        "\(Terminal.time(deadline["at"]))  \(deadline["incident"]?.shown ?? "")  \(what)")
    }
    return lines
  }

  /// `127.0.0.1:8081 (coordinator-1a2b)`.
  private static func leader(_ leader: JSONValue?) -> String {
    guard let instance = leader?["instance"]?.shown else { return "nobody" }
    let http = leader?["http"]?.shown ?? ""
    return http.isEmpty ? instance : "\(http) (\(instance))"
  }

  /// `resolved 3, escalated 1`, without those that are 0.
  private static func counts(_ value: JSONValue?) -> String? {
    let counts = (value?.fields ?? [:]).filter { $0.value != .number(0) }.sorted { $0.key < $1.key }
    return counts.isEmpty
      ? nil : counts.map { "\(Terminal.visible($0.key)) \($0.value.shown)" }.joined(separator: ", ")
  }
}
