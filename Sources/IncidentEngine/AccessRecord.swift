package import IncidentModel

/// An entry of the audit about who may connect to the bus, who did, and who was kept out.
package struct AccessRecord: Sendable, Equatable, Codable {
  /// What happened.
  package enum Kind: String, Sendable, Codable, CaseIterable {
    /// Somebody put a key into the folder of allowed keys.
    case keyAllowed = "key_allowed"
    /// Somebody took a key out of it, or marked it as revoked.
    case keyRevoked = "key_revoked"
    /// A run of an agent connected for the first time.
    case connected = "agent_connected"
    /// Peers were kept out.
    case refused = "agents_refused"
  }

  package var kind: Kind
  /// The name that the key has or had; `nil` for one that nobody knows.
  package var name: String?
  /// The public key; `nil` for peers that did not get so far as to show one.
  package var key: String?
  /// The run of the process that connected.
  package var instance: String?
  /// What it connected as, or may connect as; `nil` for anything.
  package var agent: AgentKind?
  /// Why somebody was kept out.
  package var reason: String?
  /// Where the last that was kept out came from, where that is known.
  package var address: String?
  /// How many connections this stands for.
  package var count: Int

  /// An entry; see the fields.
  package init(
    _ kind: Kind, name: String? = nil, key: String? = nil, instance: String? = nil, agent: AgentKind? = nil,
    reason: String? = nil, address: String? = nil, count: Int = 1
  ) {
    self.kind = kind
    self.name = name
    self.key = key
    self.instance = instance
    self.agent = agent
    self.reason = reason
    self.address = address
    self.count = count
  }

  /// As people read it.
  package var text: String {
    let who = name ?? "somebody unknown"
    switch kind {
    case .keyAllowed: return "\(who) may connect to the bus as \(agent?.rawValue ?? "any agent")"
    case .keyRevoked: return "\(who) may no longer connect to the bus"
    case .connected: return "\(who) connected as \(agent?.rawValue ?? "agent") \(instance ?? "")"
    case .refused:
      return "\(who) was kept off the bus: \(reason ?? "refused")" + (count > 1 ? " (\(count) times)" : "")
    }
  }
}

/// Peers that were kept out for one reason, as the bus counted them.
package struct RefusedPeers: Sendable, Equatable {
  package var reason: String
  package var key: String?
  package var name: String?
  package var address: String?
  package var count: Int

  /// Peers; see the fields.
  package init(reason: String, key: String? = nil, name: String? = nil, address: String? = nil, count: Int) {
    self.reason = reason
    self.key = key
    self.name = name
    self.address = address
    self.count = count
  }
}
