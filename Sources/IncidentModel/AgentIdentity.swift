/// Who is behind a connection of the bus, as its key proved.
package struct AgentIdentity: Hashable, Sendable, Codable {
  /// The name that the coordinator's folder of allowed keys gives the key.
  package var name: String
  /// The public key, in Z85.
  package var key: String

  /// An identity; see the fields.
  package init(name: String, key: String) {
    self.name = name
    self.key = key
  }

  /// What an agent that calls itself `claimed` is called: nobody takes another one's name.
  package func author(_ claimed: String) -> String {
    claimed == name || claimed.isEmpty ? name : "\(name)/\(claimed)"
  }
}
