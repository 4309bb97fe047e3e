package import IncidentModel

/// A page that says what went wrong, and where to go on.
package struct ProblemPage: Sendable {
  private let status: Int
  private let title: String
  private let detail: String
  private let now: Timestamp
  private let back: Link?

  /// A page.
  /// - Parameters:
  ///   - status: of HTTP.
  ///   - detail: what is wrong, and what to do.
  ///   - back: where somebody came from.
  package init(status: Int, title: String, detail: String, now: Timestamp, back: Link? = nil) {
    self.status = status
    self.title = title
    self.detail = detail
    self.now = now
    self.back = back
  }

  /// The page, UTF-8.
  package func html() -> [UInt8] {
    Page(title: "\(title) (\(status))", system: SystemView(now: now, startedAt: now), isBare: true).html {
      main in
      main.element(.section, [.class("panel"), .id("problem")]) { panel in
        panel.element(.h1, text: title, limit: 200)
        panel.element(.p, text: detail, limit: 1_000)
        panel.element(.p) { paragraph in
          if let back {
            paragraph.element(.a, [.href(back)], text: "Back to the incident")
            paragraph.text(" · ")
          }
          paragraph.element(.a, [.href(.home())], text: "All incidents")
        }
      }
    }
  }
}
