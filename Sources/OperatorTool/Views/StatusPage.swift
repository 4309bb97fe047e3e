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
        agent["identity"]?.shown ?? "", (agent["incidents"] ?? agent["leases"])?.shown ?? "",
        shards(agent["shards"]), agent["targets"]?.shown ?? "",
      ]
    }
    return Table.lines(
      [
        "KIND", "NAME", "VERSION", "PID", "LOAD", "LAST HEARTBEAT", "KEY", "WORKS ON", "SHARDS", "TARGETS",
      ], rows)
  }

  /// How many a detector watches; nothing for agents that watch none.
  private static func shards(_ names: JSONValue?) -> String {
    names.map { "\($0.list.count)" } ?? ""
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
    field("standbys", standbys(status["standbys"]))
    field("store", store(status["store"]))
    field("commits", commits(status["store"]))
    field(
      "store says",
      (status["store"]?["last_error"] ?? status["store"]?["warning"])?.text.map(Terminal.visible))
    if let incidents = status["incidents"] {
      field("incidents", counts(incidents["by_status"]) ?? "none")
      field("severities", counts(incidents["open_by_severity"] ?? incidents["by_severity"]))
    }
    field("queues", status["queues"]?.shown)
    field("oldest job", oldest(status["oldest_job"]))
    if case .object? = status["agents"] { field("agents", counts(status["agents"])) }
    if let shards = status["shards"], let total = shards["total"]?.shown {
      let states = ["watched", "moving", "unassigned"].map { "\(shards[$0]?.shown ?? "?") \($0)" }
      field("shards", "\(total): \(states.joined(separator: ", "))")
    }
    field("versions", versions(status["versions"]))
    func list(_ name: String, _ rows: [String], of count: Int? = nil) {
      for (index, row) in rows.prefix(20).enumerated() { field(index == 0 ? name : " ", row) }
      let left = (count ?? rows.count) - min(rows.count, 20)
      if left > 0 { field(" ", "… and \(left) more") }
    }
    list("leases", leases(status["leases"]), of: status["lease_count"]?.number.flatMap { Int(exactly: $0) })
    let deadlines = (status["deadlines"] ?? status["next_deadlines"])?.list ?? []
    list("deadlines", deadlines.map(deadline))
    // Those that are among the deadlines already say nothing new.
    let tellings = (status["tellings"]?.list ?? []).filter { !deadlines.contains($0) }
    list("will tell", tellings.map(deadline))
    list("refused", refusals(status["refusals"]))
    return lines
  }

  /// `127.0.0.1:8081 (coordinator-1a2b)`.
  private static func leader(_ leader: JSONValue?) -> String {
    guard let instance = leader?["instance"]?.shown else { return "nobody" }
    let http = leader?["http"]?.shown ?? ""
    return http.isEmpty ? instance : "\(http) (\(instance))"
  }

  /// `127.0.0.1:8082 (coordinator-9z)`, and since when one is silent.
  private static func standbys(_ value: JSONValue?) -> String? {
    (value?.list ?? []).map { leader($0) + ", heard \(Terminal.time($0["seen_at"]))" }.joined(separator: "; ")
  }

  /// `sqlite at /var/…/journal.db, 4.2 MB, 1234 entries`.
  private static func store(_ store: JSONValue?) -> String? {
    guard let kind = store?["kind"]?.text else { return store?.shown }
    var parts = ["\(Terminal.visible(kind)) at \(store?["location"]?.shown ?? "?")"]
    if let bytes = store?["bytes"]?.number {
      parts.append("\(ParameterValue.number((bytes / 1e5).rounded() / 10)) MB")
    }
    if let last = store?["last_sequence"]?.shown { parts.append("\(last) entries") }
    return parts.joined(separator: ", ")
  }

  /// How long commits take, and how many failed.
  private static func commits(_ store: JSONValue?) -> String? {
    func milliseconds(_ value: JSONValue?) -> String? {
      value?.number.map { "\(ParameterValue.number(($0 * 10_000).rounded() / 10)) ms" }
    }
    var parts: [String] = []
    if let last = milliseconds(store?["last_commit_seconds"]) { parts.append("last \(last)") }
    let recent = store?["recent_commits"]
    for name in ["p50", "p95", "p99"] {
      if let time = milliseconds(recent?["\(name)_seconds"]) { parts.append("\(name) \(time)") }
    }
    if let failures = store?["failures"]?.number, failures > 0 {
      parts.append("\(ParameterValue.number(failures)) failed")
    }
    return parts.joined(separator: ", ")
  }

  private static func oldest(_ job: JSONValue?) -> String? {
    guard let incident = job?["incident"]?.shown, let job else { return nil }
    let age = job["age_seconds"]?.number.map(Terminal.duration) ?? "?"
    return
      "\(incident)  to \(job["kind"]?.shown ?? "?") for \(age): \((job["detail"] ?? job["reason"])?.shown ?? "")"
  }

  private static func versions(_ versions: JSONValue?) -> String? {
    guard let versions else { return nil }
    var parts: [String] = []
    if let number = versions["protocol"]?.shown { parts.append("bus protocol \(number)") }
    if let number = versions["schema"]?.shown { parts.append("journal schema \(number)") }
    if let agents = counts(versions["agents"]) { parts.append("agents " + agents) }
    return parts.joined(separator: ", ")
  }

  private static func leases(_ value: JSONValue?) -> [String] {
    (value?.list ?? []).map { lease in
      "\(lease["incident"]?.shown ?? "")  \(lease["worker"]?.shown ?? "")  to \(lease["kind"]?.shown ?? "")"
        + "  since \(Terminal.time(lease["since"]))  until \(Terminal.time(lease["until"]))"
    }
  }

  /// When, what, and whom it tells through what.
  private static func deadline(_ deadline: JSONValue) -> String {
    var line =
      "\(Terminal.time(deadline["at"]))  \(deadline["incident"]?.shown ?? "")  "
      + ((deadline["kind"] ?? deadline["what"])?.shown ?? "")
    guard let tells = deadline["tells"], let names = tells["names"]?.shown, !names.isEmpty else {
      return line
    }
    line += "  → \(names) by \(tells["sinks"]?.shown ?? "?")"
    if let step = tells["step"]?.shown { line += ", step \(step)" }
    if let round = tells["round"]?.number, round > 0 { line += ", round \(ParameterValue.number(round + 1))" }
    return line
  }

  private static func refusals(_ value: JSONValue?) -> [String] {
    (value?.list ?? []).map { refusal in
      let count = refusal["count"]?.number.map { $0 > 1 ? " × \(ParameterValue.number($0))" : "" } ?? ""
      return "\(Terminal.time(refusal["at"]))  \(refusal["kind"]?.shown ?? "")\(count)  "
        + "\(refusal["who"]?.shown ?? "")  \(Table.clip(refusal["reason"]?.shown ?? "", 120))"
    }
  }

  /// `resolved 3, escalated 1`, without those that are 0.
  private static func counts(_ value: JSONValue?) -> String? {
    let counts = (value?.fields ?? [:]).filter { $0.value != .number(0) }.sorted { $0.key < $1.key }
    return counts.isEmpty
      ? nil : counts.map { "\(Terminal.visible($0.key)) \($0.value.shown)" }.joined(separator: ", ")
  }
}
