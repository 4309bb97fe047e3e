import Crypto

/// Computes the hashes of the chain.
///
/// A record's hash is the SHA-256 of
///
/// | bytes | |
/// | --- | --- |
/// | `aiops journal` | what it is |
/// | 1 | the version of this encoding |
/// | 0 or 1 | 1 for a record that was chained later than it was written |
/// | 32 | the hash of the record before it; zeros before the first |
/// | 3 × 8 | sequence, epoch, milliseconds since 1970 |
/// | 1 | whether it has an incident, and only then: |
/// | 8 + … | the incident's id |
/// | 3 × (8 + …) | kind, actor, payload |
///
/// Numbers have the highest byte first, texts (UTF-8) their length in bytes before them: no two records have
/// the same encoding. The migration in PostgreSQL does the same in SQL.
package struct ChainEncoder: Sendable {
  private static let label: StaticString = "aiops journal"
  static let version: UInt8 = 1

  /// Kept, so that a record needs no room of its own.
  private var bytes: [UInt8] = []

  /// An encoder; it may be used for any number of records.
  package init() { bytes.reserveCapacity(1024) }

  /// The hash of a record from its fields.
  /// - Parameters:
  ///   - previous: the hash of the record before it.
  ///   - isLate: whether it is chained later than it was written.
  package mutating func hash(
    after previous: ChainHash, isLate: Bool = false, sequence: Int64, epoch: Int64, at: Int64,
    incident: String?, kind: String, actor: String, payload: String
  ) -> ChainHash {
    hash(previous, isLate, (sequence, epoch, at), incident?.utf8, kind.utf8, actor.utf8, payload.utf8)
  }

  /// The hash that a record should have; the one that it has does not matter.
  /// - Parameters:
  ///   - previous: the hash of the record before it.
  ///   - isLate: whether it was chained later than it was written.
  package mutating func hash(
    of record: StoredRecord, after previous: ChainHash, isLate: Bool
  ) -> ChainHash {
    hash(
      previous, isLate, (record.sequence, record.epoch, record.at), record.incident, record.kind,
      record.actor, record.payload)
  }

  private mutating func hash<Text: Collection<UInt8>>(
    _ previous: ChainHash, _ isLate: Bool, _ numbers: (Int64, Int64, Int64), _ incident: Text?, _ kind: Text,
    _ actor: Text, _ payload: Text
  ) -> ChainHash {
    bytes.removeAll(keepingCapacity: true)
    bytes.append(
      contentsOf: UnsafeBufferPointer(start: Self.label.utf8Start, count: Self.label.utf8CodeUnitCount))
    bytes.append(Self.version)
    bytes.append(isLate ? 1 : 0)
    previous.withBytes { bytes.append(contentsOf: $0) }
    append(numbers.0)
    append(numbers.1)
    append(numbers.2)
    bytes.append(incident == nil ? 0 : 1)
    if let incident { append(incident) }
    append(kind)
    append(actor)
    append(payload)
    var sha = SHA256()
    bytes.withUnsafeBytes { sha.update(bufferPointer: $0) }
    return sha.finalize().withUnsafeBytes { ChainHash($0) } ?? .origin
  }

  private mutating func append(_ number: Int64) {
    withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
  }

  private mutating func append(_ text: some Collection<UInt8>) {
    append(Int64(text.count))
    bytes.append(contentsOf: text)
  }
}
