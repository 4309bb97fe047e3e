import IncidentModel

/// What was found out, what was done about it, and whether it helped.
struct DiagnosisPanels {
  let incident: Incident
  let now: Timestamp

  func write(to left: inout HTMLWriter) {
    diagnosis(&left)
    remedy(&left)
    if let verification = incident.verification { self.verification(verification, &left) }
    if !incident.dialogue.isEmpty { dialogue(&left) }
  }

  private func diagnosis(_ left: inout HTMLWriter) {
    left.panel("diagnosis", "Diagnosis") { panel in
      guard let diagnosis = incident.diagnosis else {
        panel.element(
          .p, [.class("empty")],
          text: incident.status.isOpen ? "Not known yet." : "It ended before there was one.")
        return
      }
      for (index, hypothesis) in diagnosis.hypotheses.prefix(8).enumerated() {
        panel.element(.div, [.class("evidence")]) { block in
          block.element(.p) { line in
            if index == 0 {
              line.element(.strong, text: hypothesis.cause, limit: 1_500)
            } else {
              line.text(hypothesis.cause, limit: 1_500)
            }
            let sure = Format.percent(min(hypothesis.confidence, 1))
            line.element(.span, [.class("meter")], text: " \(sure) sure")
          }
          for evidence in hypothesis.evidence.prefix(10) { self.evidence(evidence, &block) }
        }
      }
      if !diagnosis.recommendations.isEmpty {
        panel.element(.h3, text: "What people can do")
        panel.element(.ul, [.class("plain")]) { list in
          for advice in diagnosis.recommendations.prefix(12) { list.element(.li, text: advice, limit: 600) }
        }
      }
    }
  }

  private func evidence(_ evidence: Evidence, _ block: inout HTMLWriter) {
    block.element(.details) { details in
      details.element(.summary, text: evidence.statement, limit: 800)
      details.element(.pre, text: evidence.query)
      details.element(.small) { line in
        line.text("seen by \(evidence.tool) ", limit: 120)
        line.ago(evidence.observedAt, now: now)
      }
    }
  }

  private func remedy(_ left: inout HTMLWriter) {
    let planned = incident.diagnosis?.remedy?.steps ?? []
    guard !planned.isEmpty || !incident.steps.isEmpty else { return }
    let name = incident.diagnosis?.remedy.map { "Remedy: \($0.runbook)" } ?? "Remedy"
    left.panel("remedy", name) { panel in
      let parameters = incident.diagnosis?.remedy?.parameters ?? [:]
      if !parameters.isEmpty {
        let text = parameters.sorted { $0.key < $1.key }.map { "\($0.key) = \($0.value)" }
        panel.element(.p, [.class("quiet")], text: text.joined(separator: ", "), limit: 600)
      }
      panel.element(.table, [.class("cards")]) { table in
        table.head(["Step", "Outcome", "What it did"])
        table.element(.tbody) { body in
          let known = Set(planned.indices).union(incident.steps.map(\.index)).sorted()
          for index in known.prefix(50) {
            let plan = planned.indices.contains(index) ? planned[index] : nil
            step(index, plan, incident.steps.first { $0.index == index }, &body)
          }
        }
      }
    }
  }

  private func step(
    _ index: Int, _ plan: PlannedStep?, _ record: StepRecord?, _ body: inout HTMLWriter
  ) {
    body.element(.tr) { line in
      line.element(.td) { cell in
        cell.text("\(index + 1). \(plan?.name ?? record?.name ?? "")", limit: 200)
        if let plan {
          cell.element(
            .span, [.class("sub")],
            text: "\(plan.action.kind.rawValue) on \(plan.target)" + (plan.idempotent ? "" : ", runs once"),
            limit: 200)
        }
      }
      line.element(.td, [.class("fixed")]) { cell in
        guard let record else {
          cell.element(.span, [.class("quiet")], text: "not run")
          return
        }
        switch record.state {
        case .succeeded: cell.element(.span, [.class("good")], text: "✓ done")
        case .failed: cell.element(.span, [.class("bad")], text: "✕ failed")
        case .rolledBack: cell.element(.span, [.class("bad")], text: "↶ put back")
        case .intended: cell.element(.strong, text: "… runs")
        }
        cell.element(.span, [.class("sub")]) { sub in
          sub.clock(record.startedAt)
          if let end = record.endedAt { sub.text(", \(Format.duration(end - record.startedAt))") }
          if record.attempts > 1 { sub.text(", try \(record.attempts)") }
        }
      }
      line.element(.td, text: record?.detail ?? "", limit: 1_500)
    }
  }

  private func verification(_ verification: Verification, _ left: inout HTMLWriter) {
    left.panel("verification", "Was it gone?") { panel in
      panel.element(.p) { line in
        switch verification.verdict {
        case .recovered: line.element(.strong, [.class("good")], text: "✓ recovered")
        case .notRecovered: line.element(.strong, [.class("bad")], text: "✕ not recovered")
        case .unknown: line.element(.strong, [.class("bad")], text: "? not known")
        }
        line.text(": \(verification.detail) ", limit: 1_500)
        line.element(.small) { $0.ago(verification.at, now: now) }
      }
      guard !verification.measurements.isEmpty else { return }
      panel.element(.details) { details in
        details.element(.summary, text: Format.count(verification.measurements.count, "measurement"))
        details.element(.ul, [.class("plain")]) { list in
          for metric in verification.measurements.suffix(50) {
            list.element(.li) { item in
              item.clock(metric.timestamp)
              item.element(
                .span, [.class(metric.healthy ? "good" : "bad")],
                text: " \(metric.name) \(Format.value(metric.value, metric.unit))", limit: 200)
            }
          }
        }
      }
    }
  }

  private func dialogue(_ left: inout HTMLWriter) {
    left.panel("dialogue", "How it was found out") { panel in
      panel.element(.ol, [.class("plain")]) { list in
        for exchange in incident.dialogue.suffix(15) {
          list.element(.li) { item in
            item.element(.p, text: exchange.question, limit: 800)
            item.element(.p, [.class("quiet")], text: "→ \(exchange.finding)", limit: 1_500)
            item.element(.details) { details in
              details.element(.summary, text: exchange.tool, limit: 120)
              details.element(.pre, text: exchange.query)
            }
          }
        }
      }
    }
  }
}
