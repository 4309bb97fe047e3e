/// Who is behind a connection of the bus, as its key proved.
package struct AgentIdentity: Hashable, Sendable, Codable {
  /// The name that the coordinator's folder of allowed keys gives the key.
  package var name: String
  /// The public key, in Z85.
  package var key: String
  /// What it may be; `nil` for anything. Not a part of who it is: two that differ in this only are the same.
  package var kind: AgentKind?

  /// An identity; see the fields.
  package init(name: String, key: String, kind: AgentKind? = nil) {
    self.name = name
    self.key = key
    self.kind = kind
  }

  package static func == (a: AgentIdentity, b: AgentIdentity) -> Bool { a.name == b.name && a.key == b.key }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(name)
    hasher.combine(key)
  }

  /// Whether it may do what an agent of that kind does.
  package func mayBe(_ kind: AgentKind) -> Bool { self.kind == nil || self.kind == kind }

  /// What an agent that calls itself `claimed` is called: nobody takes another one's name.
  package func author(_ claimed: String) -> String {
    claimed == name || claimed.isEmpty ? name : "\(name)/\(claimed)"
  }
}
