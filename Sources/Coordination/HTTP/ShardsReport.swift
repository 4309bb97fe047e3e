import IncidentModel
import MessageBus

/// Who watches what, for `GET /aiops/status`. Only the leader knows; others show nothing.
package struct ShardsReport: Sendable, Encodable, Equatable {
  /// Names of one list at the most.
  static let shown = 50

  /// The number of the latest grant of this term.
  package var generation: UInt64
  /// Whether the leader knows by now who watches what; before, it gives nothing away.
  package var settled: Bool
  package var total: Int
  package var watched: Int
  /// On the way from one detector to another, or to its first.
  package var moving: Int
  /// Nobody can watch them.
  package var unassigned: Int
  /// Those that move, the first of them.
  package var movingNames: [String]
  /// Those that nobody can watch, the first of them.
  package var unassignedNames: [String]
  /// How many each detector watches or is about to, by its name; several detectors of one name count together.
  package var byDetector: [String: Int]
  /// Shards that changed hands in this term.
  package var moves: UInt64
  /// Shards for which the leader had no room.
  package var refused: Int

  /// The report of a ledger.
  package init(_ ledger: ShardLedger) {
    generation = ledger.latest.number
    settled = ledger.isSettled
    moves = ledger.moves
    refused = ledger.refused
    total = ledger.entries.count
    (watched, moving, unassigned) = (0, 0, 0)
    var movingShards: [Shard] = []
    var lonely: [Shard] = []
    byDetector = Dictionary(ledger.members.values.map { ($0.name, 0) }, uniquingKeysWith: { $1 })
    for (shard, entry) in ledger.entries {
      switch entry.state {
      case .free where ledger.wanted[shard] == nil && ledger.isSettled:
        unassigned += 1
        lonely.append(shard)
      case .free, .recalled:
        moving += 1
        movingShards.append(shard)
      case .granted where entry.unwatchedSince != nil || entry.lastOwner == nil:
        moving += 1
        movingShards.append(shard)
      case .held, .granted: watched += 1
      }
      if let owner = ledger.owner(of: shard), let name = ledger.members[owner]?.name {
        byDetector[name, default: 0] += 1
      }
    }
    movingNames = movingShards.sorted().prefix(Self.shown).map(\.description)
    unassignedNames = lonely.sorted().prefix(Self.shown).map(\.description)
  }
}
