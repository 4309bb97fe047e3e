import IncidentModel
import OrderedCollections

/// What the journal says of access to the bus, as far as it is needed to keep the journal short.
struct AccessLedger: Sendable, Equatable {
  /// A run of an agent under a key.
  struct Run: Hashable, Sendable {
    var name: String
    var key: String
    var instance: String
  }

  /// Peers that are kept out alike.
  struct Refusal: Hashable, Sendable {
    var reason: String
    var key: String?
  }

  /// Within this time one key's refusals are one entry, and one name's connections at the most ``maxRuns``.
  static let window = Duration.seconds(3_600)
  /// Connections of one name that get an entry each within ``window``.
  static let maxRuns = 30
  /// Keys whose refusals get an entry each within ``window``; those of more are counted together.
  static let maxRefused = 64
  /// Runs that are remembered at the most; beyond it a lot of the oldest goes.
  static let maxRemembered = 4_096
  static let lot = 1_024

  /// The key that each name stands for.
  private(set) var allowed: [String: String] = [:]
  /// What the owner of a name's key may be, where that is said.
  private(set) var kinds: [String: AgentKind] = [:]
  /// When a run connected first; the latest last.
  private(set) var runs: OrderedDictionary<Run, Timestamp> = [:]
  /// When refusals of a kind last got an entry; the latest last.
  private(set) var refused: OrderedDictionary<Refusal, Timestamp> = [:]

  /// Takes an entry of the journal.
  mutating func apply(_ record: AccessRecord, at time: Timestamp) {
    switch record.kind {
    case .keyAllowed:
      guard let name = record.name else { return }
      allowed[name] = record.key
      kinds[name] = record.agent
    case .keyRevoked:
      if let name = record.name, allowed[name] == record.key {
        allowed[name] = nil
        kinds[name] = nil
      }
      runs.removeAll { $0.key.name == record.name && $0.key.key == record.key }
    case .connected:
      guard let name = record.name, let key = record.key, let instance = record.instance else { return }
      runs[Run(name: name, key: key, instance: instance)] = time
      if runs.count > Self.maxRemembered { runs.removeFirst(Self.lot) }
    case .refused:
      let kind = Refusal(reason: record.reason ?? "", key: record.key)
      refused[kind] = nil
      refused[kind] = time
      if refused.count > Self.maxRemembered { refused.removeFirst(Self.lot) }
    }
  }

  /// Forgets what came before a moment, so that the same is left as if it had never been there.
  mutating func forget(before cutoff: Timestamp) {
    runs.removeAll { $0.value < cutoff }
    runs.trim(to: Self.maxRemembered - Self.lot)
    refused.removeAll { $0.value < cutoff }
    refused.trim(to: Self.maxRemembered - Self.lot)
  }

  /// Whether one more run of a name gets an entry.
  func hasRoom(forRunOf name: String, at now: Timestamp) -> Bool {
    var count = 0
    for (run, time) in runs.reversed() {
      guard now - time < Self.window else { break }
      if run.name == name { count += 1 }
    }
    return count < Self.maxRuns
  }

  /// The runs that connected under a key.
  func instances(name: String, key: String) -> [String] {
    runs.keys.filter { $0.name == name && $0.key == key }.map(\.instance)
  }

  /// Under what refusals are counted: together with others when too many keys are about.
  func kind(_ peers: RefusedPeers, at now: Timestamp) -> Refusal {
    let kind = Refusal(reason: peers.reason, key: peers.key)
    if kind.key == nil || refused[kind].map({ now - $0 < Self.window }) ?? false { return kind }
    let recent = refused.values.reversed().prefix { now - $0 < Self.window }.count
    return recent < Self.maxRefused ? kind : Refusal(reason: peers.reason, key: nil)
  }

  /// Whether refusals of a kind had an entry not long ago.
  func isSaid(_ kind: Refusal, at now: Timestamp) -> Bool {
    refused[kind].map { now - $0 < Self.window } ?? false
  }
}

/// What happened and has no entry yet, because there were entries enough. Not in the journal.
struct UnsaidAccess: Sendable {
  /// Kinds of refusals at once at the most.
  static let maxKinds = 256

  /// Connections by name.
  var runs: [String: Int] = [:]
  /// Refusals by kind.
  var refused: OrderedDictionary<AccessLedger.Refusal, RefusedPeers> = [:]
}
