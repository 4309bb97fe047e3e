import BusKeys

/// A question of libzmq to whoever decides who may connect (ZAP 1.0, ZeroMQ RFC 27).
struct ZAPRequest: Equatable {
  /// What the coordinator's sockets name themselves in their questions.
  static let domain = "aiops"

  /// Who asks: frames that an answer begins with.
  var envelope: [[UInt8]]
  var id: [UInt8]
  /// The peer's address, for people; cut to 64 printable characters.
  var address: String
  /// The peer's key; `nil` when the question is of another mechanism, another domain or malformed in its end.
  var key: PublicKey?

  /// The question in a message that a ROUTER received: who asks, an empty frame, and the question's frames.
  /// - Returns: `nil` for what can't even be answered: without a version, or a number to answer to.
  init?(_ frames: [[UInt8]]) {
    guard frames.count >= 4, frames[1].isEmpty, frames[2] == Array("1.0".utf8), frames[3].count <= 255 else {
      return nil
    }
    envelope = [frames[0], []]
    id = frames[3]
    address = frames.count > 5 ? Self.printable(frames[5]) : ""
    // Domain, address, identity, mechanism, and for CURVE one credential.
    guard frames.count == 9, frames[4] == Array(Self.domain.utf8), frames[7] == Array("CURVE".utf8) else {
      return
    }
    key = PublicKey(bytes: frames[8])
  }

  private static func printable(_ bytes: [UInt8]) -> String {
    String(
      decoding: bytes.prefix(64).map { (0x21...0x7E).contains($0) ? $0 : UInt8(ascii: "?") }, as: UTF8.self)
  }

  /// The answer that lets the peer in, as `user`.
  func accepted(as user: String) -> [[UInt8]] { answer("200", "OK", user) }

  /// The answer that keeps the peer out, which is told no more than that.
  var refused: [[UInt8]] { answer("400", "refused", "") }

  private func answer(_ status: String, _ text: String, _ user: String) -> [[UInt8]] {
    envelope + [Array("1.0".utf8), id, Array(status.utf8), Array(text.utf8), Array(user.utf8), []]
  }
}
