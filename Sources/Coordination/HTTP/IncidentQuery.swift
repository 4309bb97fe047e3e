package import IncidentModel

/// Which incidents are wanted, and which page of them.
package struct IncidentQuery: Sendable, Equatable {
  /// The largest page.
  package static let maxPageSize = 500

  /// The statuses that match; empty means all.
  package var statuses: Set<IncidentStatus>
  /// The severities that match; empty means all.
  package var severities: Set<Severity>
  /// Incidents of a page, 1…``maxPageSize``.
  package var pageSize: Int
  /// Where the page before ended; `nil` for the first page.
  package var after: PageCursor?

  /// A query; see the fields.
  package init(
    statuses: Set<IncidentStatus> = [], severities: Set<Severity> = [], pageSize: Int = 100,
    after: PageCursor? = nil
  ) {
    self.statuses = statuses
    self.severities = severities
    self.pageSize = min(max(1, pageSize), Self.maxPageSize)
    self.after = after
  }

  /// The page of `incidents`, which come in any order.
  ///
  /// Because a cursor names an incident and not a number of incidents, those that are
  /// detected while somebody turns pages neither shift nor repeat anything.
  package func page(of incidents: some Sequence<Incident>) -> IncidentPage {
    let matching = incidents.filter { incident in
      (statuses.isEmpty || statuses.contains(incident.status))
        && (severities.isEmpty || severities.contains(incident.severity))
        && (after.map { PageCursor(incident) < $0 } ?? true)
    }.sorted { PageCursor($0) > PageCursor($1) }
    let page = Array(matching.prefix(pageSize))
    return IncidentPage(
      incidents: page, next: matching.count > page.count ? page.last.map { PageCursor($0) } : nil)
  }
}

/// One page of incidents, newest first.
package struct IncidentPage: Sendable, Equatable {
  package var incidents: [Incident]
  /// Where the next page begins; `nil` when this is the last one.
  package var next: PageCursor?

  /// A page; see the fields.
  package init(incidents: [Incident], next: PageCursor?) {
    self.incidents = incidents
    self.next = next
  }
}

/// A place in the list of incidents: by detection, then by id.
package struct PageCursor: Sendable, Hashable, Comparable {
  package var detectedAt: Timestamp
  package var id: IncidentID

  /// The place of an incident.
  package init(_ incident: Incident) {
    detectedAt = incident.detectedAt
    id = incident.id
  }

  /// Reads a page token; `nil` for what ``token`` never wrote.
  package init?(token: String) {
    let parts = token.split(separator: "~", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let milliseconds = Int64(parts[0]), let id = IncidentID(String(parts[1])),
      String(milliseconds) == parts[0]
    else { return nil }
    detectedAt = Timestamp(milliseconds: milliseconds)
    self.id = id
  }

  /// The place as text that needs no escaping in a URL.
  package var token: String { "\(detectedAt.milliseconds)~\(id.text)" }

  package static func < (a: PageCursor, b: PageCursor) -> Bool {
    (a.detectedAt, a.id) < (b.detectedAt, b.id)
  }
}
