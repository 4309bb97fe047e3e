/// Something in the journal that is not as it was written.
package struct Flaw: Sendable, Equatable {
  /// What is wrong.
  package enum Problem: Sendable, Equatable {
    /// It is not what was written there.
    case changed
    /// Only its hash is not.
    case hashChanged
    /// It has no hash.
    case unchained
    /// It is not there.
    case missing
    /// It is not there, although a tip of its number, or a later one, was kept elsewhere.
    case cutOff
    /// It was written as another record.
    case moved(from: Int64)
    /// It is in the journal and in its archive.
    case twice
    /// No record has such a number.
    case impossible
    /// It fits to those around it, but the hash of the last of these is another one than was kept elsewhere.
    case rewritten
    /// It is in the archive, where no start reads it, though its incident had not ended when it was moved there.
    case hidden
    /// It is in the journal, though the end of its incident is in the archive.
    case broughtBack
  }

  /// The records' numbers.
  package var numbers: ClosedRange<Int64>
  /// The incident of the record, where it is one record and has any.
  package var incident: String?
  /// Its kind, where it is one record.
  package var kind: String?
  package var problem: Problem

  /// A flaw; see the fields.
  package init(
    _ numbers: ClosedRange<Int64>, incident: String? = nil, kind: String? = nil, _ problem: Problem
  ) {
    self.numbers = numbers
    self.incident = incident
    self.kind = kind
    self.problem = problem
  }

  /// A flaw of one record.
  package init(_ record: StoredRecord, _ problem: Problem) {
    self.init(
      record.sequence...record.sequence,
      incident: record.incident.map { String(decoding: $0.prefix(64), as: UTF8.self) },
      kind: String(decoding: record.kind.prefix(64), as: UTF8.self), problem)
  }
}

extension Flaw: CustomStringConvertible {
  /// What is wrong with which record, for people.
  package var description: String {
    let isOne = numbers.count == 1
    let details = [incident, kind].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: ", ")
    let who =
      (isOne ? "record \(numbers.lowerBound)" : "records \(numbers.lowerBound)–\(numbers.upperBound)")
      + (details.isEmpty ? "" : " (\(details))")
    let (was, itIs) = isOne ? ("was", "is") : ("were", "are")
    return switch problem {
    case .changed:
      "\(who) \(was) changed, or put there, or what is before \(isOne ? "it" : "them") was rewritten"
    case .hashChanged: "the hash of \(who) \(was) changed"
    case .unchained: "\(who) \(isOne ? "has" : "have") no hash"
    case .missing: "\(who) \(itIs) missing"
    case .cutOff: "\(who) \(itIs) missing: a later tip was kept"
    case .moved(let from): "\(who) \(itIs) what was written as record \(from): the order was changed"
    case .twice: "\(who) \(itIs) both in the journal and in its archive"
    case .impossible: "\(who) \(was) put there: no record has such a number"
    case .rewritten:
      "\(who) \(was) rewritten: the hash of record \(numbers.upperBound) is not the one that was kept"
    case .hidden:
      "\(who) \(was) moved to the archive, where no start reads \(isOne ? "it" : "them"), "
        + "before its incident had ended"
    case .broughtBack: "\(who) \(was) taken out of the archive, where the end of its incident is"
    }
  }
}
