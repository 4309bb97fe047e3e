package import IncidentModel
import Threads

/// Something that was refused, for `GET /aiops/status`.
package struct Refusal: Sendable, Encodable, Equatable {
  /// What was refused.
  package enum What: String, Sendable, Encodable, CaseIterable {
    /// A frame on the bus: garbage, a wrong version, a value out of range.
    case busFrame = "bus_frame"
    /// An agent that may not be here under that name.
    case agent
    /// What a worker asked for under a lease that does not hold.
    case lease
    /// A request to the HTTP API.
    case http
  }

  /// The latest of them.
  package var at: Timestamp
  package var kind: What
  /// Where it came from: an agent's run, or an address.
  package var who: String
  package var reason: String
  /// How often it was the same.
  package var count: Int

  /// A refusal; see the fields.
  package init(at: Timestamp, kind: What, who: String, reason: String, count: Int = 1) {
    self.at = at
    self.kind = kind
    self.who = who
    self.reason = reason
    self.count = count
  }
}

/// The latest refusals, so many of each kind that one kind never drives out the others.
///
/// The same again is counted, not kept again. Whoever is refused may choose the words, so these are cut.
package final class RefusalLog: Sendable {
  /// Entries of each kind at the most.
  package static let limit = 20
  private static let maxName = 120
  private static let maxReason = 300

  private let entries = Locked<[Refusal.What: [Refusal]]>([:])

  /// A log without entries.
  package init() {}

  /// Takes a refusal.
  package func note(_ kind: Refusal.What, who: String, reason: String, at now: Timestamp) {
    let new = Refusal(
      at: now, kind: kind, who: Self.cut(who, Self.maxName), reason: Self.cut(reason, Self.maxReason))
    entries.withLock { entries in
      var list = entries[kind] ?? []
      var entry = new
      if let known = list.firstIndex(where: { $0.who == new.who && $0.reason == new.reason }) {
        entry.count = list.remove(at: known).count + 1
      }
      list.append(entry)
      if list.count > Self.limit { list.removeFirst() }
      entries[kind] = list
    }
  }

  /// The latest ones, newest first.
  package func latest(_ count: Int) -> [Refusal] {
    let all = entries.withLock { $0.values.flatMap { $0 } }
    return Array(all.sorted { ($0.at, $0.kind.rawValue) > ($1.at, $1.kind.rawValue) }.prefix(count))
  }

  private static func cut(_ text: String, _ limit: Int) -> String {
    guard text.utf8.count > limit else { return text }
    return String(decoding: text.utf8.prefix(limit), as: UTF8.self) + "…"
  }
}
