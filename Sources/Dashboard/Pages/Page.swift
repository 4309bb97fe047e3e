import IncidentModel

/// What is the same on every page.
struct Page: Sendable {
  /// For the window and the history.
  var title: String
  var system: SystemView
  /// Whether it is fetched again by itself where no scripts run.
  var reloads = false
  /// Whether it says nothing of the system, which was not looked at.
  var isBare = false

  /// The page, UTF-8, with what `body` writes as its main part.
  func html(_ body: (inout HTMLWriter) -> Void) -> [UInt8] {
    var page = HTMLWriter()
    page.doctype()
    page.element(.html, [.lang("en"), .now(system.now)]) { html in
      html.element(.head) { head(&$0) }
      html.element(.body) { page in
        page.element(.a, [.class("skip"), .href(.anchor("main"))], text: "To the incidents")
        top(&page)
        page.element(.main, [.id("main")]) { main in
          if !isBare { banners(&main) }
          body(&main)
        }
        footer(&page)
      }
    }
    return page.bytes
  }

  private func head(_ head: inout HTMLWriter) {
    head.void(.meta, [.charset("utf-8")])
    head.void(.meta, [.name("viewport"), .content("width=device-width, initial-scale=1")])
    head.void(.meta, [.name("color-scheme"), .content("light dark")])
    head.element(.title, text: title, limit: 200)
    head.void(.link, [.rel("stylesheet"), .href(.asset(.style))])
    head.void(.link, [.rel("icon"), .type("image/svg+xml"), .href(.asset(.icon))])
    if isBare { return }
    head.element(.script, [.src(.asset(.script)), .defer]) { _ in }
    guard reloads else { return }
    head.element(.noscript) { $0.void(.meta, [.httpEquiv("refresh"), .content("20")]) }
  }

  private func top(_ page: inout HTMLWriter) {
    page.element(.header, [.class("top")]) { top in
      top.element(.a, [.class("brand"), .href(.home())], text: "AIOps")
      if isBare { return }
      top.element(
        .span, [.id("live"), .role("status"), .state("still")], text: "as of \(Format.clock(system.now)) UTC")
      top.element(.div, [.class("facts"), .live("top")]) { facts in
        facts.element(.span, text: system.role == .leading ? "leading, epoch \(system.epoch)" : "standing by")
        facts.element(.span, text: Format.count(system.open, "open incident"))
        facts.element(.span) { span in
          span.element(.time, [.datetime(system.now)], text: Format.moment(system.now))
        }
      }
    }
  }

  /// What whoever looks must know before anything else.
  private func banners(_ main: inout HTMLWriter) {
    main.element(.div, [.live("banners"), .class("banners")]) { main in
      if system.role == .standby {
        main.element(.p, [.class("banner"), .state("standby")]) { banner in
          banner.text(
            "This coordinator stands by: it shows what it has read of the journal, and passes on what you say. "
          )
          guard let leader = system.leader else {
            banner.text("No coordinator leads at the moment.")
            return
          }
          banner.text("The one that leads is ")
          if let authority = leader.authority {
            banner.element(.a, [.href(.coordinator(authority))], text: authority.text)
            banner.text(".")
          } else {
            banner.element(.code, text: leader.instance)
            banner.text(".")
          }
        }
      }
      if let trouble = system.trouble {
        main.element(
          .p, [.class("banner"), .state("bad"), .role("alert")],
          text: "Signals and alerts can't be taken at the moment: \(trouble)")
      }
    }
  }

  private func footer(_ page: inout HTMLWriter) {
    page.element(.footer) { footer in
      if isBare { return }
      footer.element(.span, text: "aiops \(system.version)")
      footer.element(.span, text: "all times are UTC")
      footer.element(
        .span, [.class("keys")], text: "j and k move, Enter opens, u goes back, r looks again")
      footer.element(.a, [.href(.status)], text: "state as JSON")
    }
  }
}

extension HTMLWriter {
  /// Writes a panel with its heading.
  mutating func panel(
    _ name: StaticString, _ title: String, more: (inout HTMLWriter) -> Void = { _ in },
    _ body: (inout HTMLWriter) -> Void
  ) {
    element(.section, [.class("panel"), .id(name), .live(name)]) { panel in
      panel.element(.header) { header in
        header.element(.h2, text: title)
        more(&header)
      }
      body(&panel)
    }
  }

  /// Writes a table's head.
  mutating func head(_ names: [String]) {
    element(.thead) { head in
      head.element(.tr) { row in
        for name in names { row.element(.th, [.scope("col")], text: name) }
      }
    }
  }

  /// Writes a severity: a sign, a word and a colour.
  mutating func severity(_ severity: Severity) {
    element(.span, [.class("severity"), .severity(severity)], text: severity.rawValue)
  }

  /// Writes a status.
  mutating func status(_ status: IncidentStatus) {
    element(
      .span, [.class("status"), .status(status)],
      text: status == .falsePositive ? "false positive" : status.rawValue)
  }

  /// Writes a link to an incident.
  mutating func link(to id: IncidentID) {
    element(.a, [.class("id"), .href(.incident(id))], text: id.text)
  }

  /// Writes a name with what is known of it, where something is.
  mutating func fact(_ name: String, _ value: String?) {
    guard let value, !value.isEmpty else { return }
    fact(name) { $0.text(value) }
  }

  /// Writes a name with what `body` writes of it.
  mutating func fact(_ name: String, _ body: (inout HTMLWriter) -> Void) {
    element(.dt, text: name)
    element(.dd, [], body)
  }
}
