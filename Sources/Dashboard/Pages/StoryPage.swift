import IncidentModel

/// One incident: what it is, what is known, what was done, and what a person can say.
package struct StoryPage: Sendable {
  /// Symptoms that are drawn at the most.
  static let maxPlots = 4

  let system: SystemView
  let row: IncidentRow
  let series: [SymptomSeries]
  var incident: Incident { row.incident }

  /// A page.
  /// - Parameters:
  ///   - row: the incident.
  ///   - series: what its symptoms were measured at, in their order.
  package init(system: SystemView, row: IncidentRow, series: [SymptomSeries]) {
    self.system = system
    self.row = row
    self.series = series
  }

  /// The page, UTF-8.
  package func html() -> [UInt8] {
    let title = "\(incident.id.text) \(incident.severity.rawValue): \(incident.name)"
    return Page(title: title, system: system).html { main in
      headline(&main)
      if incident.status.isOpen { IncidentActions(incident: incident).write(to: &main) }
      main.element(.div, [.class("story")]) { story in
        story.element(.div) { left in
          symptoms(&left)
          DiagnosisPanels(incident: incident, now: system.now).write(to: &left)
        }
        story.element(.div) { timeline(&$0) }
      }
    }
  }

  private func headline(_ main: inout HTMLWriter) {
    main.element(.section, [.class("panel"), .id("incident"), .live("incident")]) { panel in
      panel.element(.h1) { heading in
        heading.text(incident.name, limit: 300)
        if let target = incident.target { heading.text(" on \(target)", limit: 200) }
      }
      panel.element(.p, [.class("headline")]) { line in
        line.severity(incident.severity)
        line.status(incident.status)
        line.element(.span, [.class("id")], text: incident.id.text)
        line.element(.span) { span in
          span.text("detected ")
          span.ago(incident.detectedAt, now: system.now)
        }
        if let end = incident.resolvedAt {
          line.element(.span, text: "lasted \(Format.duration(end - incident.detectedAt))")
        }
        line.element(.span, [.class(row.needsSomebody ? "call" : "quiet")], text: row.doing, limit: 300)
      }
      panel.element(.dl, [.class("facts")]) { facts in
        facts.fact("what", incident.description)
        if let cause = incident.rootCause {
          facts.fact("cause") { $0.element(.span, [.class("cause")], text: cause) }
        }
        facts.fact("why people", incident.escalationReason)
        if let next = row.next { facts.fact("next") { self.next(next, &$0) } }
        facts.fact("told", incident.escalatedTo)
        mark("acknowledged", incident.acknowledged, &facts)
        mark("approved", incident.approved, &facts)
        if let until = incident.snoozedUntil { facts.fact("snoozed until", Format.moment(until)) }
        if incident.affectedSystems.count > 1 {
          facts.fact("systems", incident.affectedSystems.joined(separator: ", "))
        }
        facts.fact("signals", "\(incident.count)")
        facts.fact("autonomy", incident.autonomy.rawValue)
      }
    }
  }

  private func next(_ next: TellingRow, _ fact: inout HTMLWriter) {
    fact.until(next.at, now: system.now)
    fact.text(" \(next.what)", limit: 200)
    guard !next.names.isEmpty else { return }
    let sinks = next.sinks.isEmpty ? "every sink" : next.sinks.joined(separator: ", ")
    var text = " → \(next.names.joined(separator: ", ")) through \(sinks)"
    if let step = next.step {
      text += " (step \(step)" + ((next.round ?? 0) > 0 ? ", round \((next.round ?? 0) + 1))" : ")")
    }
    fact.element(.span, [.class("quiet")], text: text, limit: 300)
  }

  private func mark(_ name: String, _ mark: PersonMark?, _ facts: inout HTMLWriter) {
    guard let mark else { return }
    facts.fact(name) { fact in
      fact.text("by \(mark.by) ", limit: 200)
      fact.ago(mark.at, now: system.now)
    }
  }

  private func symptoms(_ left: inout HTMLWriter) {
    left.panel("symptom", incident.symptoms.count == 1 ? "Symptom" : "Symptoms") { panel in
      var drawn = 0
      for series in series.prefix(Self.maxPlots) {
        guard let plot = SymptomPlot(series, marks: marks, until: incident.resolvedAt ?? system.now) else {
          continue
        }
        drawn += 1
        panel.element(.h3) { heading in
          heading.text(series.metric, limit: 160)
          if let target = series.target { heading.text(" of \(target)", limit: 120) }
          if !["", "bool", "count"].contains(series.unit) { heading.text(", \(series.unit)", limit: 40) }
        }
        plot.write(to: &panel)
        if let last = series.points.last {
          panel.element(.p, [.class("quiet")]) { line in
            line.text("latest \(Format.value(last.value, series.unit)), ")
            line.ago(last.at, now: system.now)
            line.text(
              "; \(Format.count(series.points.count, "value")); trouble is \(series.rule.text)", limit: 300)
          }
        }
      }
      if drawn == 0 { panel.element(.p, [.class("empty")], text: "No values are known.") }
      if incident.symptoms.count > drawn { others(&panel, from: drawn) }
    }
  }

  private func others(_ panel: inout HTMLWriter, from first: Int) {
    panel.element(.table) { table in
      table.head(["Also", "Latest", "When"])
      table.element(.tbody) { body in
        for symptom in incident.symptoms.dropFirst(first) {
          body.element(.tr) { line in
            line.element(.td, text: symptom.fingerprint.text, limit: 200)
            line.element(
              .td, [.class(symptom.isCleared ? "good" : "bad")],
              text: Format.value(symptom.latest.value, symptom.latest.unit)
                + (symptom.isCleared ? ", in order" : ""), limit: 120)
            line.element(.td, [.class("fixed")]) { $0.ago(symptom.observedAt, now: system.now) }
          }
        }
      }
    }
  }

  /// What a plot points out.
  private var marks: [PlotMark] {
    var marks = [PlotMark(at: incident.detectedAt, text: "detected")]
    if let began = incident.steps.map(\.startedAt).min() { marks.append(PlotMark(at: began, text: "remedy")) }
    if let end = incident.resolvedAt {
      marks.append(PlotMark(at: end, text: incident.status == .resolved ? "resolved" : "false positive"))
    }
    return marks
  }

  private func timeline(_ right: inout HTMLWriter) {
    right.panel("timeline", "Timeline, latest first") { panel in
      guard !incident.timeline.isEmpty else {
        panel.element(.p, [.class("empty")], text: "Nothing has happened yet.")
        return
      }
      panel.element(.ol, [.class("timeline")]) { list in
        for entry in incident.timeline.reversed() {
          list.element(.li, [entry.kind == "status" ? .state("status") : .state("entry")]) { item in
            item.element(.div) { when in
              when.clock(entry.at)
              // Another day is said.
              let day = entry.at.rfc3339.prefix(10)
              if day != system.now.rfc3339.prefix(10) { when.element(.small, text: " \(day)") }
            }
            item.element(.div) { words in
              words.element(.p, text: entry.text, limit: 2_000)
              words.element(.small, text: entry.actor, limit: 120)
            }
          }
        }
      }
    }
  }
}
