import JournalAudit
import TestKit

/// Records as a store would have them, chained, with some in the archive.
struct RandomJournal {
  var records: [StoredRecord] = []
  /// Records before this one are chained later than they were written.
  var since: Int64 = 1
  var random: SeededRandom

  init(seed: UInt64, count: Int) {
    random = SeededRandom(seed: seed)
    if Bool.random(using: &random) { since = Int64.random(in: 1...Int64(count + 1), using: &random) }
    for sequence in 1...Int64(count) {
      let record = StoredRecord(
        sequence: sequence, epoch: sequence / 7, incident: Bool.random(using: &random) ? text(12) : nil,
        at: 1_790_000_000_000 + sequence * 10, kind: text(9), actor: text(5), payload: text(60), hash: [],
        isArchived: sequence < Int64(count) && Int.random(in: 0..<3, using: &random) == 0)
      records.append(record)
    }
    chain(from: 0)
  }

  private mutating func text(_ longest: Int) -> [UInt8] {
    (0..<Int.random(in: 0...longest, using: &random)).map { _ in .random(in: .min ... .max, using: &random) }
  }

  /// Computes the hashes anew from a place on.
  mutating func chain(from start: Int) {
    var encoder = ChainEncoder()
    var previous = start == 0 ? ChainHash.origin : ChainHash(records[start - 1].hash) ?? .origin
    for index in start..<records.count {
      let isLate = records[index].sequence < since
      previous = encoder.hash(of: records[index], after: previous, isLate: isLate)
      records[index].hash = previous.bytes
    }
  }

  /// The tip after so many records.
  func tip(_ count: Int) -> ChainTip {
    ChainTip(
      sequence: records[count - 1].sequence, hash: ChainHash(records[count - 1].hash) ?? .origin)
  }

  /// A record's place in the array.
  mutating func place() -> Int { Int.random(in: 0..<records.count, using: &random) }

  func report(tips: [ChainTip] = []) -> ChainReport {
    var verifier = ChainVerifier(since: since, tips: tips)
    for record in records.sorted(by: { $0.sequence < $1.sequence }) { verifier.take(record) }
    return verifier.report()
  }

  /// Flips one bit of a record, in any of its fields.
  /// - Returns: whether it was one of the hash.
  mutating func flip(_ place: Int) -> Bool {
    var record = records[place]
    defer { records[place] = record }
    let bit = Int64(1) << Int64.random(in: 0..<64, using: &random)
    switch Int.random(in: 0..<8, using: &random) {
    case 0: record.sequence ^= bit
    case 1: record.epoch ^= bit
    case 2: record.at ^= bit
    case 3 where record.incident?.isEmpty == false: flip(&record.incident)
    case 4 where !record.kind.isEmpty: flip(&record.kind)
    case 5 where !record.actor.isEmpty: flip(&record.actor)
    case 6 where !record.payload.isEmpty: flip(&record.payload)
    default:
      flip(&record.hash)
      return true
    }
    return false
  }

  private mutating func flip(_ bytes: inout [UInt8]?) {
    guard var known = bytes else { return }
    flip(&known)
    bytes = known
  }

  private mutating func flip(_ bytes: inout [UInt8]) {
    bytes[Int.random(in: bytes.indices, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
  }
}

extension ChainReport {
  /// Whether a flaw speaks of a record.
  func names(_ sequence: Int64) -> Bool { flaws.contains { $0.numbers.contains(sequence) } }

  /// The problems of one record.
  func problems(_ sequence: Int64) -> [Flaw.Problem] {
    flaws.filter { $0.numbers.contains(sequence) }.map(\.problem)
  }
}
