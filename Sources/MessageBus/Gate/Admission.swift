import BusKeys
import IncidentModel
import OrderedCollections

/// Why a peer was kept out.
package enum RefusalReason: String, Hashable, Sendable, CaseIterable {
  /// It spoke without a key, or hung up in the handshake as one without a key does.
  case noKey = "no_key"
  /// It has a key, but expects another one of the coordinator.
  case wrongServerKey = "wrong_server_key"
  /// Nobody allowed its key.
  case unknownKey = "unknown_key"
  /// Its key was allowed once.
  case revoked
  /// What it sent is no handshake.
  case malformed
}

/// Peers that were kept out for one reason, since they were last asked for.
package struct Refusal: Hashable, Sendable {
  package var reason: RefusalReason
  /// The key that they came with, where they got so far.
  package var key: String?
  /// The name that the key had.
  package var name: String?
  /// Where the last of them came from, where that is known.
  package var address: String?
  package var count: Int
}

/// Decides who may connect and speak, and counts who may not. A value, without sockets.
struct Admission {
  /// Keys whose refusals are told apart; those of more are counted together.
  static let maxKeys = 64

  private struct Kind: Hashable {
    var reason: RefusalReason
    var key: PublicKey?
  }

  private(set) var keys = AllowedKeys()
  /// Keys that were allowed when this began or since and no longer are, though nobody marked them as revoked.
  private var removed: OrderedDictionary<PublicKey, String> = [:]
  /// What is known of the texts that messages come with; bounded by the allowed keys.
  private var identities: [String: AgentIdentity] = [:]
  private var refusals: OrderedDictionary<Kind, Refusal> = [:]
  /// How many were kept out so far, by reason.
  private(set) var counts: [RefusalReason: Int] = [:]

  /// Takes who may connect from now on.
  /// - Returns: whether somebody may no longer what it might before.
  mutating func admit(_ new: AllowedKeys) -> Bool {
    var cutsOff = false
    for (key, name) in keys.names where new.names[key] != name || new.kinds[key] != keys.kinds[key] {
      cutsOff = true
      guard new.names[key] == nil else { continue }
      removed[key] = name
      if removed.count > KeyFolder.maxFiles { removed.removeFirst() }
    }
    for key in new.names.keys { removed[key] = nil }
    keys = new
    identities = [:]
    return cutsOff
  }

  /// Answers libzmq's question; `nil` for one that can't be answered.
  mutating func answer(_ frames: [[UInt8]]) -> [[UInt8]]? {
    guard let request = ZAPRequest(frames) else {
      count(.malformed)
      return nil
    }
    guard let key = request.key else {
      count(.malformed, address: request.address)
      return request.refused
    }
    if let name = keys.names[key] { return request.accepted(as: Self.user(name, key)) }
    if let name = keys.revoked[key] ?? removed[key] {
      count(.revoked, key: key, name: name, address: request.address)
    } else {
      count(.unknownKey, key: key, address: request.address)
    }
    return request.refused
  }

  /// The text under which libzmq hands out a peer's messages. Name and key, so that a key that replaces another
  /// under the same name does not inherit its connections.
  private static func user(_ name: String, _ key: PublicKey) -> String { "\(name) \(key.text)" }

  /// Who a message is from, if that peer may still speak.
  mutating func identity(_ user: String?) -> AgentIdentity? {
    guard let user else { return nil }
    if let known = identities[user] { return known }
    let parts = user.split(separator: " ")
    guard parts.count == 2, let key = PublicKey(String(parts[1])), let name = keys.names[key],
      name == parts[0]
    else { return nil }
    let identity = AgentIdentity(name: name, key: key.text, kind: keys.kinds[key].map { AgentKind($0) })
    identities[user] = identity
    return identity
  }

  /// Counts somebody who was kept out.
  mutating func count(
    _ reason: RefusalReason, key: PublicKey? = nil, name: String? = nil, address: String? = nil
  ) {
    counts[reason, default: 0] += 1
    var kind = Kind(reason: reason, key: key)
    if refusals[kind] == nil && refusals.count >= Self.maxKeys { kind.key = nil }
    let isApart = kind.key == key
    var refusal =
      refusals[kind]
      ?? Refusal(reason: reason, key: kind.key?.text, name: isApart ? name : nil, address: nil, count: 0)
    refusal.count += 1
    refusal.address = address ?? refusal.address
    refusals[kind] = refusal
  }

  /// Who was kept out since this was last asked.
  mutating func takeRefusals() -> [Refusal] {
    defer { refusals = [:] }
    return Array(refusals.values)
  }
}
