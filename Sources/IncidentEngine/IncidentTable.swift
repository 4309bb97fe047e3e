package import IncidentModel

/// Every incident in memory, by its id.
///
/// The records are on the heap, one by one: a dictionary of large values would take half as much again
/// for its empty places, and move all of them whenever it grows. Copies of a table share the records until
/// one of them changes.
package struct IncidentTable: Sendable {
  // @unchecked Sendable: `record` is only changed while one table holds the only reference (see `unique`),
  // and whoever shares it only reads.
  final class Entry: @unchecked Sendable {
    var record: IncidentRecord
    init(_ record: IncidentRecord) { self.record = record }
  }

  private var entries: [IncidentID: Entry] = [:]

  /// How many there are.
  package var count: Int { entries.count }
  /// All ids, in no order.
  package var keys: some Collection<IncidentID> { entries.keys }
  /// All records, in no order.
  package var values: some Collection<IncidentRecord> { entries.values.lazy.map(\.record) }

  /// The record of an incident; `nil` for one that is not in memory.
  package subscript(id: IncidentID) -> IncidentRecord? {
    get { entries[id]?.record }
    set {
      guard let newValue else {
        entries[id] = nil
        return
      }
      if let entry = unique(id) { entry.record = newValue } else { entries[id] = Entry(newValue) }
    }
  }

  /// What people see of an incident; without the rest of its record.
  package func incident(_ id: IncidentID) -> Incident? { entries[id]?.record.incident }

  /// Where an incident stands.
  func standing(_ id: IncidentID) -> Standing? { entries[id].map { Standing($0) } }

  /// The record itself, to be changed where it is; it must not be kept.
  mutating func unique(_ id: IncidentID) -> Entry? {
    guard let index = entries.index(forKey: id) else { return nil }
    if !isKnownUniquelyReferenced(&entries.values[index]) {
      entries.values[index] = Entry(entries.values[index].record)
    }
    return entries.values[index]
  }
}

extension IncidentTable: Sequence {
  /// All ids with their records, in no order.
  package func makeIterator() -> some IteratorProtocol<(key: IncidentID, value: IncidentRecord)> {
    entries.lazy.map { (key: $0.key, value: $0.value.record) }.makeIterator()
  }
}
