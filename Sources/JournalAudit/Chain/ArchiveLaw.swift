import IncidentModel

/// What may be in the journal's archive, by the kinds of records.
package enum ArchiveLaw {
  /// Kinds that end their incident for good.
  package static let endings = ["resolved", "marked_false_positive"]
  /// Kinds that belong to no incident and matter no more when they are old.
  package static let loose = ["noted", "archived", "agent_connected", "agents_refused"]
  /// The kind that goes before anything is moved: only records before the latest one may be in the archive.
  package static let order = "archived"

  /// The moment that an order names: what ended before it may be in the archive. In milliseconds since 1970.
  /// - Parameter payload: the order's payload; `nil` comes of one that names none.
  static func moment(of payload: String) -> Int64? {
    let start = Array(#"{"archived":{"before":""#.utf8)
    guard payload.utf8.starts(with: start) else { return nil }
    let text = payload.utf8.dropFirst(start.count).prefix(64).prefix { $0 != UInt8(ascii: "\"") }
    return Timestamp(rfc3339: String(decoding: text, as: UTF8.self))?.milliseconds
  }
}
