import IncidentModel

/// The first page: what is wrong, who is told next, who works, and how the system is.
package struct OverviewPage: Sendable {
  private let system: SystemView
  private let rows: [IncidentRow]
  private let filter: IncidentFilter
  private let next: String?

  /// A page.
  /// - Parameters:
  ///   - rows: one page of the incidents that the filter chooses, in the order in which they are shown.
  ///   - next: where the next page begins; `nil` for none.
  package init(system: SystemView, rows: [IncidentRow], filter: IncidentFilter, next: String?) {
    self.system = system
    self.rows = rows
    self.filter = filter
    self.next = next
  }

  /// The page, UTF-8.
  package func html() -> [UInt8] {
    let calls = rows.count(where: \.needsSomebody)
    let title = calls > 0 ? "(\(calls)) " : ""
    return Page(
      title: title + "AIOps: \(Format.count(system.open, "open incident"))", system: system, reloads: true
    )
    .html { main in
      incidents(&main)
      main.element(.div, [.class("columns")]) { columns in
        tellings(&columns)
        agents(&columns)
      }
      SystemPanels(system: system).write(to: &main)
    }
  }

  private var heading: String {
    switch filter.scope {
    case .open: "Open incidents"
    case .ended: "Ended incidents"
    case .all: "All incidents"
    }
  }

  private func incidents(_ main: inout HTMLWriter) {
    main.panel("incidents", heading, more: navigation) { panel in
      if filter.scope != .ended, system.open > 0 { tallies(&panel) }
      guard !rows.isEmpty else {
        panel.element(.p, [.class("empty")], text: emptiness)
        return
      }
      panel.element(.table, [.class("cards")]) { table in
        table.head(["Severity", "Status", "Incident", "Age", "Being done", "Next"])
        table.element(.tbody) { body in
          for row in rows { incident(row, &body) }
        }
      }
      guard let next else { return }
      panel.element(.p) { paragraph in
        var more = filter
        more.page = next
        paragraph.element(.a, [.rel("next"), .href(.home(more))], text: "Older ones →")
      }
    }
  }

  private func navigation(_ header: inout HTMLWriter) {
    header.element(.nav, [.ariaLabel("which incidents")]) { nav in
      for scope in IncidentFilter.Scope.allCases {
        let isHere = scope == filter.scope && filter.severity == nil
        nav.element(
          .a, [Attribute.href(.home(IncidentFilter(scope: scope)))] + (isHere ? [Attribute.current] : []),
          text: scope == .open ? "open (\(system.open))" : scope.rawValue)
      }
    }
  }

  /// How many there are of each severity; each a way to see those alone.
  private func tallies(_ panel: inout HTMLWriter) {
    panel.element(.p, [.class("tallies")]) { line in
      for severity in Severity.allCases.sorted(by: >) {
        let count = system.openBySeverity[severity] ?? 0
        guard count > 0 else { continue }
        var only = IncidentFilter(scope: filter.scope, severity: severity)
        if filter.severity == severity { only.severity = nil }
        line.element(
          .a, [Attribute.href(.home(only))] + (filter.severity == severity ? [Attribute.current] : [])
        ) { link in
          link.severity(severity)
          link.text(" \(count)")
        }
      }
    }
  }

  private var emptiness: String {
    if filter.page != nil { return "There are no more." }
    if let severity = filter.severity { return "None of severity \(severity.rawValue)." }
    guard filter.scope == .open else { return "None yet." }
    // Quiet means something only where somebody watches.
    let detectors = system.agents.count { $0.kind == .detector }
    if system.role == .standby { return "Nothing is open, as far as this coordinator has read." }
    return detectors > 0
      ? "Nothing is open. \(Format.count(detectors, "detector")) \(detectors == 1 ? "watches" : "watch")."
      : "Nothing is open, but no detector is connected: nothing is watched, and only posted alerts would be seen."
  }

  private func incident(_ row: IncidentRow, _ body: inout HTMLWriter) {
    let incident = row.incident
    body.element(.tr) { line in
      line.element(.td, [.class("inline")]) { $0.severity(incident.severity) }
      line.element(.td, [.class("inline")]) { $0.status(incident.status) }
      line.element(.td) { cell in
        cell.element(
          .a, [.href(.incident(incident.id)), .row],
          text: incident.symptoms.first?.latest.metric ?? incident.name,
          limit: 160)
        if let target = incident.target {
          cell.text(" on ")
          cell.element(.strong, text: target, limit: 120)
        }
        cell.element(.span, [.class("sub")], text: summary(incident), limit: 260)
      }
      line.element(.td, [.class("fixed inline"), .label("age")]) { cell in
        cell.age(incident.detectedAt, now: incident.resolvedAt ?? system.now)
      }
      line.element(.td) { cell in
        if row.needsSomebody {
          cell.element(.span, [.class("call")], text: row.doing, limit: 200)
        } else {
          cell.text(row.doing, limit: 200)
        }
      }
      line.element(.td, [.label("next")]) { cell in
        guard let next = row.next else {
          cell.element(.span, [.class("quiet")], text: incident.status.isOpen ? "nothing is due" : "–")
          return
        }
        cell.until(next.at, now: system.now)
        cell.element(.span, [.class("sub")], text: next.what, limit: 160)
      }
    }
  }

  private func summary(_ incident: Incident) -> String {
    let cause = incident.rootCause ?? incident.description
    return "\(incident.id.text) · \(cause)" + (incident.count > 1 ? " · \(incident.count) signals" : "")
  }

  private func tellings(_ columns: inout HTMLWriter) {
    columns.panel("tellings", "Who is told next") { panel in
      guard !system.tellings.isEmpty else {
        let why =
          system.role == .standby && system.leader == nil
          ? "Nobody leads, so nobody is told." : "Nobody is to be told of anything."
        panel.element(.p, [.class("empty")], text: why)
        return
      }
      panel.element(.table) { table in
        table.head(["When", "Who", "Incident"])
        table.element(.tbody) { body in
          for row in system.tellings { telling(row, &body) }
        }
      }
    }
  }

  private func telling(_ row: TellingRow, _ body: inout HTMLWriter) {
    body.element(.tr) { line in
      line.element(.td, [.class("fixed")]) { $0.until(row.at, now: system.now) }
      line.element(.td) { cell in
        cell.text(row.names.isEmpty ? "–" : row.names.joined(separator: ", "), limit: 200)
        var through = row.sinks.isEmpty ? "every sink" : row.sinks.joined(separator: ", ")
        if let step = row.step { through += " · step \(step)" }
        if let round = row.round, round > 0 { through += ", round \(round + 1)" }
        cell.element(.span, [.class("sub")], text: through, limit: 200)
      }
      line.element(.td) { cell in
        cell.link(to: row.incident)
        cell.element(.span, [.class("sub")], text: row.what, limit: 160)
      }
    }
  }

  private func agents(_ columns: inout HTMLWriter) {
    columns.panel("agents", "Agents") { panel in
      guard !system.agents.isEmpty else {
        let why =
          system.role == .standby
          ? "Agents speak to the coordinator that leads."
          : "No agent is connected: nothing is watched, explained or repaired."
        panel.element(.p, [.class(system.role == .standby ? "empty" : "call")], text: why)
        return
      }
      panel.element(.table) { table in
        table.head(["Agent", "Load", "Works on", "Heard"])
        table.element(.tbody) { body in
          for agent in system.agents.prefix(Self.maxAgents) { row(agent, &body) }
        }
      }
      if system.agents.count > Self.maxAgents {
        panel.element(
          .p, [.class("quiet")],
          text: "and \(system.agents.count - Self.maxAgents) more; GET /aiops/agents names all")
      }
    }
  }

  /// Agents that are shown at the most.
  private static let maxAgents = 40

  private func row(_ agent: AgentRow, _ body: inout HTMLWriter) {
    body.element(.tr) { line in
      line.element(.td) { cell in
        cell.element(.strong, [.title(agent.instance)], text: agent.name, limit: 80)
        cell.text(" " + agent.kind.rawValue)
        let targets = agent.targets.isEmpty ? "no targets" : agent.targets.joined(separator: ", ")
        cell.element(
          .span, [.class("sub")], text: targets + (agent.spool.map { " · \($0)" } ?? ""), limit: 200)
      }
      line.element(.td, [.class("fixed")], text: Format.percent(agent.load))
      line.element(.td) { cell in
        if agent.incidents.isEmpty {
          cell.element(.span, [.class("quiet")], text: agent.kind == .detector ? "watches" : "free")
        }
        for (index, id) in agent.incidents.prefix(4).enumerated() {
          if index > 0 { cell.text(" ") }
          cell.link(to: id)
        }
        if agent.incidents.count > 4 { cell.text(" and \(agent.incidents.count - 4) more") }
      }
      line.element(.td, [.class("fixed")]) { $0.ago(agent.lastHeartbeat, now: system.now) }
    }
  }
}
