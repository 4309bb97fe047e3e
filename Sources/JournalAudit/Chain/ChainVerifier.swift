/// Walks a journal and its archive as one sequence and finds what is not as it was written.
///
/// A value without I/O: give it every record in the order of the numbers, then ask for the ``report()``. It
/// takes little memory however long the journal is.
package struct ChainVerifier: Sendable {
  /// Flaws that are named at the most; the others are counted.
  static let maxFlaws = 200
  /// Changed records that are kept to find out whether they only changed places.
  static let maxSuspects = 32

  /// A record that is not what was written there.
  private struct Suspect {
    var record: StoredRecord
    /// What its predecessor's hash may be.
    var previous: [ChainHash]
    /// Its place among the flaws.
    var flaw: Int
  }

  /// Records before this one were chained later than they were written.
  private let since: Int64
  private var kept: [Int64: Set<ChainHash>]
  private var encoder = ChainEncoder()

  /// The number that the next record should have.
  private var next: Int64 = 1
  /// The hash before it, as it is stored; `nil` where that record is missing.
  private var previous: ChainHash? = .origin
  /// What else the hash before it may have been, where its record is not as it should be.
  private var alternatives: [ChainHash] = []
  /// The suspect just before it.
  private var latest: Int?
  private var suspects: [Suspect] = []
  private var flaws: [Flaw] = []
  private var omitted = 0
  private var count: Int64 = 0
  private var archived: Int64 = 0
  private var lastTip: ChainTip?
  /// The latest record whose hash is one that was kept.
  private var confirmed: Int64 = 0
  private var isRewritten = false

  /// A verifier before the first record.
  /// - Parameters:
  ///   - since: the first record that was chained as it was written.
  ///   - tips: what was kept elsewhere of the chain.
  package init(since: Int64, tips: [ChainTip] = []) {
    self.since = since
    kept = Dictionary(grouping: tips.filter { $0.sequence > 0 }, by: \.sequence)
      .mapValues { Set($0.map(\.hash)) }
  }

  /// Takes the next record, in the order of their numbers.
  package mutating func take(_ record: StoredRecord) {
    count += 1
    if record.isArchived { archived += 1 }
    guard record.sequence >= next else {
      return note(Flaw(record, record.sequence < 1 ? .impossible : .twice))
    }
    if record.sequence > next {
      note(Flaw(next...(record.sequence - 1), .missing))
      (previous, alternatives, latest) = (nil, [], nil)
    }
    next = record.sequence == .max ? .max : record.sequence + 1
    if let stored = ChainHash(record.hash) {
      lastTip = ChainTip(sequence: record.sequence, hash: stored)
      compare(record, stored)
    } else {
      note(Flaw(record, .unchained))
      // Were only the hash lost, those after it would still fit to what it was.
      previous = previous.map { encoder.hash(of: record, after: $0, isLate: record.sequence < since) }
      (alternatives, latest) = ([], nil)
    }
  }

  /// Compares a record with its hash, and with what was kept of it.
  private mutating func compare(_ record: StoredRecord, _ stored: ChainHash) {
    defer { compareKept(record.sequence, stored) }
    guard let before = previous else {
      // Nobody knows any more what was before it.
      (previous, alternatives, latest) = (stored, [], nil)
      return
    }
    let isLate = record.sequence < since
    let computed = encoder.hash(of: record, after: before, isLate: isLate)
    if computed == stored {
      (previous, latest) = (stored, nil)
      if !alternatives.isEmpty { alternatives = [] }
      return
    }
    var others: [ChainHash] = [computed]
    for alternative in alternatives {
      let hash = encoder.hash(of: record, after: alternative, isLate: isLate)
      if hash == stored {
        // It fits to what its predecessor's hash should be: that hash alone was changed.
        if let latest { flaws[suspects[latest].flaw].problem = .hashChanged }
        (previous, alternatives, latest) = (stored, [], nil)
        return
      }
      if others.count < 3 { others.append(hash) }
    }
    suspect(record, [before] + alternatives)
    (previous, alternatives) = (stored, others)
  }

  private mutating func suspect(_ record: StoredRecord, _ previous: [ChainHash]) {
    let place = flaws.count
    note(Flaw(record, .changed))
    guard suspects.count < Self.maxSuspects, flaws.count > place else {
      latest = nil
      return
    }
    latest = suspects.count
    suspects.append(Suspect(record: record, previous: previous, flaw: place))
  }

  private mutating func compareKept(_ sequence: Int64, _ stored: ChainHash) {
    guard !kept.isEmpty, let hashes = kept.removeValue(forKey: sequence) else { return }
    if hashes == [stored] {
      if !isRewritten { confirmed = sequence }
      return
    }
    // A record that is found out anyway needs no other word; after the first rewritten one all others differ.
    if let latest {
      if !hashes.isDisjoint(with: alternatives) { flaws[suspects[latest].flaw].problem = .hashChanged }
      return
    }
    if isRewritten { return }
    isRewritten = true
    note(Flaw((confirmed + 1)...sequence, .rewritten))
  }

  private mutating func note(_ flaw: Flaw) {
    // A long row of changed records is one flaw.
    if suspects.count >= Self.maxSuspects, flaw.problem == .changed, let last = flaws.last,
      last.problem == .changed, last.numbers.upperBound == flaw.numbers.lowerBound - 1,
      last.numbers.upperBound > suspects[suspects.count - 1].record.sequence
    {
      flaws[flaws.count - 1] = Flaw(last.numbers.lowerBound...flaw.numbers.upperBound, .changed)
    } else if flaws.count < Self.maxFlaws {
      flaws.append(flaw)
    } else {
      omitted += 1
    }
  }

  /// What was found.
  package mutating func report() -> ChainReport {
    if let last = kept.keys.filter({ $0 >= next }).max() { note(Flaw(next...last, .cutOff)) }
    kept = [:]
    findMoves()
    return ChainReport(
      records: count, archived: archived, since: since, tip: lastTip ?? .origin, flaws: flaws,
      omitted: omitted)
  }

  /// Tells changed records from those that only changed places, and from those that only stand behind one.
  private mutating func findMoves() {
    let hashes = suspects.compactMap { ChainHash($0.record.hash) }
    var innocent: Set<Int> = []
    for suspect in suspects where flaws[suspect.flaw].problem == .changed {
      if fits(suspect.record, at: suspect.record.sequence, after: hashes, nil) {
        // It follows a record that stands elsewhere now.
        innocent.insert(suspect.flaw)
        continue
      }
      for place in suspects where place.record.sequence != suspect.record.sequence {
        guard
          fits(
            suspect.record, at: place.record.sequence, after: place.previous + hashes,
            ChainHash(place.record.hash))
        else { continue }
        flaws[suspect.flaw].problem = .moved(from: place.record.sequence)
        break
      }
    }
    flaws = flaws.indices.filter { !innocent.contains($0) }.map { flaws[$0] }
  }

  /// Whether a record would be whole under a number, its hash being its own or the one that stayed there.
  private mutating func fits(
    _ record: StoredRecord, at sequence: Int64, after hashes: [ChainHash], _ stayed: ChainHash?
  ) -> Bool {
    let own = ChainHash(record.hash)
    var record = record
    record.sequence = sequence
    for before in hashes {
      let hash = encoder.hash(of: record, after: before, isLate: sequence < since)
      if hash == own || hash == stayed { return true }
    }
    return false
  }
}

/// What became of a journal's examination.
package struct ChainReport: Sendable, Equatable {
  /// Records that there are, in the journal and in its archive.
  package var records: Int64
  /// Those of them that are in the archive.
  package var archived: Int64
  /// The first record that was chained as it was written; those before it were chained later.
  package var since: Int64
  /// The latest record's number and hash.
  package var tip: ChainTip
  /// What is wrong, in the order in which it was found.
  package var flaws: [Flaw]
  /// Flaws that are not among them.
  package var omitted: Int

  /// Whether nothing is wrong.
  package var isWhole: Bool { flaws.isEmpty && omitted == 0 }
}
