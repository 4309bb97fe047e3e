import IncidentModel

/// How the system itself is: coordinator and store, queues and leases, refusals.
struct SystemPanels {
  let system: SystemView

  func write(to main: inout HTMLWriter) {
    main.element(.div, [.class("columns")]) { columns in
      coordinator(&columns)
      work(&columns)
      if !system.refusals.isEmpty { refusals(&columns) }
    }
  }

  private func coordinator(_ columns: inout HTMLWriter) {
    columns.panel("system", "Coordinator and journal") { panel in
      panel.element(.dl, [.class("facts")]) { facts in
        facts.fact("role") { fact in
          fact.text(
            system.role == .leading ? "leads under epoch \(system.epoch)" : "stands by, epoch \(system.epoch)"
          )
          fact.text(", for ")
          fact.age(system.startedAt, now: system.now)
        }
        facts.fact("run", system.instance)
        if system.role == .standby { facts.fact("leader") { peer(system.leader, &$0) } }
        facts.fact("standbys") { fact in
          if system.standbys.isEmpty { fact.element(.span, [.class("quiet")], text: "none") }
          for (index, standby) in system.standbys.enumerated() {
            if index > 0 { fact.text(", ") }
            peer(standby, &fact)
          }
        }
        store(&facts)
        let versions = system.versions.map { "\($0.name) × \($0.count)" }.joined(separator: ", ")
        facts.fact("agents run", versions)
      }
    }
  }

  private func peer(_ peer: SystemView.Peer?, _ fact: inout HTMLWriter) {
    guard let peer else {
      fact.element(.span, [.class("call")], text: "nobody")
      return
    }
    if let authority = peer.authority {
      fact.element(.a, [.href(.coordinator(authority)), .title(peer.instance)], text: authority.text)
    } else {
      fact.text(peer.instance, limit: 120)
    }
    if let silence = peer.silentSince {
      fact.element(.span, [.class("call")]) { span in
        span.text(", silent for ")
        span.age(silence, now: system.now)
      }
    }
  }

  private func store(_ facts: inout HTMLWriter) {
    let store = system.store
    facts.fact("journal", "\(store.kind) at \(store.location)")
    facts.fact("holds", "\(store.lastSequence) entries, \(Format.bytes(store.bytes))")
    if store.lastCommit != nil {
      facts.fact(
        "commits",
        "last \(Format.latency(store.lastCommit)); recently half within \(Format.latency(store.p50)), "
          + "99 % within \(Format.latency(store.p99))")
    }
    if store.failures > 0 { facts.fact("failed", "\(store.failures) commits, tried again") }
    if let error = store.lastError {
      facts.fact("error") { $0.element(.span, [.class("call")], text: error, limit: 400) }
    }
    if let warning = store.warning {
      facts.fact("warning") { $0.element(.span, [.class("call")], text: warning, limit: 400) }
    }
  }

  private func work(_ columns: inout HTMLWriter) {
    columns.panel("work", "Queues and leases") { panel in
      panel.element(.dl, [.class("facts")]) { facts in
        for queue in system.queues { facts.fact(queue.name, "\(queue.count)") }
        facts.fact("oldest job") { fact in
          guard let job = system.oldestJob else {
            fact.element(.span, [.class("quiet")], text: "no job waits")
            return
          }
          fact.link(to: job.incident)
          fact.text(" waits for a \(job.kind.worker.rawValue) for ")
          fact.age(job.since, now: system.now)
          fact.element(.span, [.class("call")], text: ": \(job.reason)", limit: 200)
        }
      }
      guard !system.leases.isEmpty else { return }
      panel.element(.h3, text: "\(Format.count(system.leaseCount, "lease")) out")
      panel.element(.table, [.class("cards")]) { table in
        table.head(["Incident", "Who", "For", "Unless renewed"])
        table.element(.tbody) { body in
          for lease in system.leases { row(lease, &body) }
        }
      }
      if system.leaseCount > system.leases.count {
        panel.element(.p, [.class("quiet")], text: "and \(system.leaseCount - system.leases.count) more")
      }
    }
  }

  private func row(_ lease: LeaseRow, _ body: inout HTMLWriter) {
    body.element(.tr) { line in
      line.element(.td) { $0.link(to: lease.incident) }
      line.element(.td, text: "\(lease.worker), to \(lease.kind.rawValue)", limit: 120)
      line.element(.td, [.class("fixed")]) { $0.age(lease.since, now: system.now) }
      line.element(.td, [.class("fixed")]) { cell in
        cell.text("ends ")
        cell.until(lease.expires, now: system.now)
      }
    }
  }

  private func refusals(_ columns: inout HTMLWriter) {
    columns.panel("refusals", "Refused lately") { panel in
      panel.element(.table) { table in
        table.head(["When", "What", "Who and why"])
        table.element(.tbody) { body in
          for refusal in system.refusals.prefix(12) {
            body.element(.tr) { line in
              line.element(.td, [.class("fixed")]) { $0.ago(refusal.at, now: system.now) }
              line.element(
                .td, [.class("fixed")],
                text: refusal.what + (refusal.count > 1 ? " × \(refusal.count)" : ""))
              line.element(.td) { cell in
                cell.text(refusal.who, limit: 120)
                cell.element(.span, [.class("sub")], text: refusal.reason, limit: 300)
              }
            }
          }
        }
      }
    }
  }
}
