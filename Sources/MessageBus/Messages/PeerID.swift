package import IncidentModel

/// Whom a message came from and where an answer goes: the ROUTER socket's name for a peer, and who it is by its key.
///
/// An agent's link names itself by ``IncidentModel/AgentInfo/instance``, so the id stays the same
/// when its connection breaks and is made again. Without keys anybody can take any name. With keys the name
/// has a secret end, so that nobody else can take the connection over; and whoever did so all the same would
/// be another peer, because the identity is a part of it.
package struct PeerID: Hashable, Sendable, CustomStringConvertible {
  /// Bytes of an instance in it at the most.
  private static let instanceBytes = 200

  /// 1…255 bytes.
  let bytes: [UInt8]
  /// Who it is; `nil` without keys.
  package let identity: AgentIdentity?

  init(bytes: [UInt8], identity: AgentIdentity? = nil) {
    self.bytes = bytes
    self.identity = identity
  }

  /// The id of the agent that runs as `instance`.
  /// - Parameters:
  ///   - secret: what only that agent and the coordinator know, 16 bytes at the most; `nil` without keys.
  ///   - identity: who it is by its key.
  package init(instance: String, secret: [UInt8]? = nil, identity: AgentIdentity? = nil) {
    if let secret {
      bytes = Array(instance.utf8.prefix(Self.instanceBytes)) + [0] + secret.prefix(16)
    } else {
      bytes = Array(instance.utf8.prefix(255))
    }
    self.identity = identity
  }

  /// Whether this may be the agent that runs as `instance`.
  package func mayBe(_ instance: String) -> Bool {
    let name = Array(instance.utf8)
    return bytes.elementsEqual(name.prefix(255))
      || bytes.starts(with: name.prefix(Self.instanceBytes) + [0])
  }

  /// Whether its key lets it be that kind of agent.
  package func mayBe(_ kind: AgentKind) -> Bool { identity?.mayBe(kind) ?? true }

  /// For logs: the text where it is printable ASCII, without its secret, else hexadecimal digits.
  package var description: String {
    let name = bytes.prefix { $0 != 0 }
    if !name.isEmpty, name.allSatisfy({ (0x21...0x7E).contains($0) }) {
      return String(decoding: name, as: UTF8.self)
    }
    return "0x"
      + bytes.prefix(16).map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
  }
}
