/// Whom a message came from and where an answer goes: the ROUTER socket's name for a peer.
///
/// An agent's link names itself by ``IncidentModel/AgentInfo/instance``, so the id stays the same
/// when its connection breaks and is made again. Until the bus has keys anybody can take any name.
package struct PeerID: Hashable, Sendable, CustomStringConvertible {
  /// 1…255 bytes.
  let bytes: [UInt8]

  init(bytes: [UInt8]) { self.bytes = bytes }

  /// The id of the agent that runs as `instance`.
  package init(instance: String) { bytes = Array(instance.utf8.prefix(255)) }

  /// For logs: the text where it is printable ASCII, else hexadecimal digits.
  package var description: String {
    if bytes.allSatisfy({ (0x21...0x7E).contains($0) }) { return String(decoding: bytes, as: UTF8.self) }
    return "0x" + bytes.map { $0 < 16 ? "0" + String($0, radix: 16) : String($0, radix: 16) }.joined()
  }
}
