package import IncidentModel

/// Which incidents a list shows.
package struct IncidentFilter: Sendable, Equatable {
  /// Which, by whether they have ended.
  package enum Scope: String, Sendable, CaseIterable {
    case open, ended, all
  }

  package var scope: Scope
  /// Of one severity only.
  package var severity: Severity?
  /// Where the page begins; the API's own words.
  package var page: String?

  /// A filter; see the fields.
  package init(scope: Scope = .open, severity: Severity? = nil, page: String? = nil) {
    self.scope = scope
    self.severity = severity
    self.page = page
  }

  /// `?show=…` with what differs from the first page; empty for that one.
  var query: String {
    var parts: [String] = []
    if scope != .open { parts.append("show=\(scope.rawValue)") }
    if let severity { parts.append("severity=\(severity.rawValue)") }
    // Page tokens are of digits, letters and marks that need no escaping; anything else is no token.
    if let page, page.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !"&#%+\"<>".utf8.contains($0) }) {
      parts.append("page=\(page)")
    }
    return parts.isEmpty ? "" : "?" + parts.joined(separator: "&")
  }
}
