import IncidentEngine
import IncidentModel

/// What killing the leader again and again showed.
struct FailoverReport: Sendable, Encodable {
  var kills: Int
  /// From the kill until the other one says that it leads, in seconds.
  var toLead: [Double] = []
  /// From the kill until a signal is accepted again, in seconds.
  var toAccept: [Double] = []
  /// Signals that were stated.
  var sent = 0
  /// Signals that nobody accepted in the end.
  var unaccepted = 0
  /// Accepted signals that are not in the journal.
  var lost = 0
  /// Keys of notifications that the receiver got once.
  var toldOnce = 0
  /// Keys that it got more than once: the same key, so that it can tell a repeat.
  var repeated = 0
  /// Keys of the journal, told of as delivered, that it never got.
  var neverTold = 0
  /// What must not be: see the text of each.
  var violations: [String] = []

  init(kills: Int) { self.kills = kills }

  /// Holds the journal against what was accepted and told.
  mutating func judge(_ events: [JournaledEvent], sent ids: [String], pages: [Page]) {
    sent = ids.count
    var known: Set<String> = []
    var delivered: Set<String> = []
    for entry in events {
      switch entry.event.fact {
      case .opened(let signal, _), .signalled(let signal), .noted(let signal, _): known.insert(signal.id)
      case .announcementSettled(let key, "delivered"): delivered.insert(key)
      default: break
      }
    }
    let missing = ids.filter { !known.contains($0) }
    lost = max(0, missing.count - unaccepted)
    if lost > 0 { violations.append("\(lost) accepted signals are not in the journal: \(missing.prefix(5))") }
    var counts: [String: Int] = [:]
    for page in pages { counts[page.key, default: 0] += 1 }
    toldOnce = counts.values.count { $0 == 1 }
    repeated = counts.values.count { $0 > 1 }
    neverTold = delivered.count { counts[$0] == nil }
    if neverTold > 0 {
      violations.append("\(neverTold) notifications are said to be delivered, but never came")
    }
    if unaccepted > 0 { violations.append("\(unaccepted) signals were never accepted") }
  }

  var text: String {
    func times(_ values: [Double]) -> [String] {
      let sorted = values.sorted()
      guard let last = sorted.last else { return ["–", "–"] }
      return [fixed(sorted[(sorted.count - 1) / 2], 2), fixed(last, 2)]
    }
    var table = TextTable(["\(kills) times kill -9 of the leader", "median", "worst"])
    table.add(["seconds until the other one leads"] + times(toLead))
    table.add(["seconds until a signal is accepted again"] + times(toAccept))
    var counts = TextTable(["", ""])
    counts.add(["signals stated", grouped(sent)])
    counts.add(["  never accepted", grouped(unaccepted)])
    counts.add(["  accepted and not in the journal", grouped(lost)])
    counts.add(["notifications told once", grouped(toldOnce)])
    counts.add(["  told again under the same key", grouped(repeated)])
    counts.add(["  said to be delivered and never told", grouped(neverTold)])
    counts.add(["levels told early, late, twice or not at all", grouped(violations.count)])
    return table.text + "\n" + counts.text + violations.prefix(20).map { "\n! " + $0 }.joined()
  }
}
