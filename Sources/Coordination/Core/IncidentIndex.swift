package import IncidentModel

/// Where every incident is in the lists by status and severity, so that a page of any of them is read without
/// looking at all the others.
package struct IncidentIndex: Sendable {
  private struct Key: Hashable {
    var status: IncidentStatus
    var severity: Severity
  }

  private var lists: [Key: SortedPlaces] = [:]

  /// An index of nothing.
  package init() {}

  /// Takes an incident in, which is not in it yet.
  package mutating func insert(_ incident: Incident) {
    lists[Self.key(incident), default: SortedPlaces()].insert(PageCursor(incident))
  }

  /// Takes an incident out, as it was put in.
  package mutating func remove(_ incident: Incident) {
    let key = Self.key(incident)
    lists[key]?.remove(PageCursor(incident))
    if lists[key]?.isEmpty == true { lists[key] = nil }
  }

  private static func key(_ incident: Incident) -> Key {
    Key(status: incident.status, severity: incident.severity)
  }

  /// The page that ``IncidentQuery/page(of:)`` makes of all incidents.
  package func page(_ query: IncidentQuery) -> (ids: [IncidentID], next: PageCursor?) {
    var heads: [(place: PageCursor, rest: SortedPlaces.Descending)] = []
    for (key, places) in lists
    where (query.statuses.isEmpty || query.statuses.contains(key.status))
      && (query.severities.isEmpty || query.severities.contains(key.severity))
    {
      var rest = places.descending(before: query.after)
      if let first = rest.next() { heads.append((first, rest)) }
    }
    var page: [PageCursor] = []
    while page.count < query.pageSize,
      let first = heads.indices.max(by: { heads[$0].place < heads[$1].place })
    {
      page.append(heads[first].place)
      if let next = heads[first].rest.next() { heads[first].place = next } else { heads.remove(at: first) }
    }
    return (page.map(\.id), heads.isEmpty ? nil : page.last)
  }
}

/// Places in rising order, in chunks, so that none of a hundred thousand is far from being put in or taken out.
struct SortedPlaces: Sendable {
  private static let chunk = 512

  /// None is empty.
  private var chunks: [[PageCursor]] = []

  var isEmpty: Bool { chunks.isEmpty }

  mutating func insert(_ place: PageCursor) {
    guard !chunks.isEmpty else { return chunks.append([place]) }
    let at = chunk(for: place)
    let position = Self.position(of: place, in: chunks[at])
    chunks[at].insert(place, at: position)
    guard chunks[at].count > Self.chunk else { return }
    // The latest incident comes last as a rule: what is before it stays full.
    let cut = at == chunks.count - 1 ? Self.chunk : Self.chunk / 2
    let rest = Array(chunks[at][cut...])
    chunks[at].removeSubrange(cut...)
    chunks.insert(rest, at: at + 1)
  }

  mutating func remove(_ place: PageCursor) {
    guard !chunks.isEmpty else { return }
    let at = chunk(for: place)
    let position = Self.position(of: place, in: chunks[at])
    guard position < chunks[at].count, chunks[at][position] == place else { return }
    chunks[at].remove(at: position)
    if chunks[at].isEmpty { chunks.remove(at: at) }
  }

  /// The last chunk that does not begin after `place`, or the first.
  private func chunk(for place: PageCursor) -> Int {
    var (low, high) = (0, chunks.count)
    while low < high {
      let middle = (low + high) / 2
      if let first = chunks[middle].first, first <= place { low = middle + 1 } else { high = middle }
    }
    return max(low - 1, 0)
  }

  /// The first position in `chunk` that does not hold less than `place`.
  private static func position(of place: PageCursor, in chunk: [PageCursor]) -> Int {
    var (low, high) = (0, chunk.count)
    while low < high {
      let middle = (low + high) / 2
      if chunk[middle] < place { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The places before one, from the greatest down; all of them without one.
  func descending(before end: PageCursor?) -> Descending {
    guard let end else {
      return Descending(chunks: chunks, chunk: chunks.count - 1, left: chunks.last?.count ?? 0)
    }
    guard !chunks.isEmpty else { return Descending(chunks: [], chunk: -1, left: 0) }
    let at = chunk(for: end)
    return Descending(chunks: chunks, chunk: at, left: Self.position(of: end, in: chunks[at]))
  }

  struct Descending: IteratorProtocol {
    fileprivate let chunks: [[PageCursor]]
    fileprivate var chunk: Int
    /// One past the next position.
    fileprivate var left: Int

    mutating func next() -> PageCursor? {
      while chunk >= 0 {
        if left > 0 {
          left -= 1
          return chunks[chunk][left]
        }
        chunk -= 1
        if chunk >= 0 { left = chunks[chunk].count }
      }
      return nil
    }
  }
}
