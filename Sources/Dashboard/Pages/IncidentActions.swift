import IncidentModel

/// What a person can say about an incident: a form that works without scripts, with a button for each word.
struct IncidentActions {
  private static let snoozes: [(value: String, text: String)] = [
    ("15m", "15 minutes"), ("30m", "30 minutes"), ("1h", "1 hour"), ("2h", "2 hours"), ("8h", "8 hours"),
    ("1d", "1 day"),
  ]

  let incident: Incident

  func write(to main: inout HTMLWriter) {
    let verbs = Choices.verbs(for: incident)
    guard let first = verbs.first else { return }
    main.panel("actions", "What you can do") { panel in
      panel.element(
        .form, [.class("actions"), .post, .action(.verb(first, incident.id)), .autocomplete("off")]
      ) { form in
        // The form's default button is one that can't be pressed: Enter in a field must decide nothing.
        form.element(.button, [.type("submit"), .disabled, .hiddenElement]) { _ in }
        form.element(.p, [.class("row")]) { words(&$0) }
        for verb in verbs {
          form.element(.p, [.class("row")]) { choice(verb, &$0) }
        }
      }
    }
  }

  private func words(_ row: inout HTMLWriter) {
    row.void(
      .input,
      [
        .type("text"), .name("by"), .placeholder("your name"), .ariaLabel("your name"), .maxlength(100),
        .autocomplete("username"),
      ])
    row.void(
      .input,
      [
        .class("note"), .type("text"), .name("note"), .placeholder("why, if you like"), .ariaLabel("why"),
        .maxlength(500),
      ])
  }

  private func choice(_ verb: PersonVerb.Name, _ row: inout HTMLWriter) {
    let words = Self.words(verb, incident)
    row.element(
      .button,
      [
        .type("submit"), .formAction(.verb(verb, incident.id)), .state(words.isMain ? "main" : "plain"),
      ], text: words.button)
    if verb == .snooze { durations(&row) }
    row.element(.small, text: words.meaning, limit: 300)
  }

  private func durations(_ row: inout HTMLWriter) {
    row.element(.select, [.name("for"), .ariaLabel("for how long")]) { select in
      for snooze in Self.snoozes {
        select.element(
          .option, [Attribute.value(snooze.value)] + (snooze.value == "30m" ? [Attribute.selected] : []),
          text: snooze.text)
      }
    }
  }

  private static func words(
    _ verb: PersonVerb.Name, _ incident: Incident
  ) -> (button: String, meaning: String, isMain: Bool) {
    switch verb {
    case .acknowledge: ("Acknowledge", "You look after it; nobody else is told.", !incident.awaitingApproval)
    case .snooze: ("Snooze", "Nobody is told for so long; then it begins anew.", false)
    case .approve:
      ("Approve", "Runs \(incident.diagnosis?.remedy?.runbook ?? "the remedy"), shown below.", true)
    case .resolve: ("Resolve", "It is over.", false)
    case .falsePositive: ("False positive", "It was none; its series is quiet for a while.", false)
    }
  }
}
