import CZeroMQ

/// A public key of CURVE (X25519): what a peer of the bus is known by. Nothing about it is secret.
package struct PublicKey: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Bytes of a key.
  static let bytes = 32
  /// Characters of its text.
  package static let characters = 40

  /// In Z85 (ZeroMQ RFC 32): 40 printable characters.
  package let text: String

  /// The key that a text means; `nil` when it is none.
  package init?(_ text: String) {
    guard Z85.bytes(text) != nil else { return nil }
    self.text = text
  }

  /// The key of 32 bytes; `nil` for another number of them.
  package init?(bytes: [UInt8]) {
    guard bytes.count == Self.bytes else { return nil }
    text = Z85.text(bytes)
  }

  package var description: String { text }

  package static func < (a: PublicKey, b: PublicKey) -> Bool { a.text < b.text }
}

/// A secret key of CURVE. Its text is never shown by accident.
package struct SecretKey: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible,
  CustomReflectable
{
  /// In Z85; for the call that needs it and nothing else.
  package let exposed: String

  /// The key that a text means; `nil` when it is none.
  package init?(_ text: String) {
    guard Z85.bytes(text) != nil else { return nil }
    exposed = text
  }

  /// The public key that belongs to it.
  package var publicKey: PublicKey? {
    var text = [CChar](repeating: 0, count: PublicKey.characters + 1)
    guard zmq_curve_public(&text, exposed) == 0 else { return nil }
    return PublicKey(String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
  }

  package var description: String { "(secret)" }
  package var debugDescription: String { "(secret)" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// A key pair: what a process is on the bus.
package struct KeyPair: Hashable, Sendable {
  package let publicKey: PublicKey
  package let secretKey: SecretKey

  /// The pair of a secret key; `nil` when there is no public key to it.
  package init?(_ secretKey: SecretKey) {
    guard let publicKey = secretKey.publicKey else { return nil }
    self.publicKey = publicKey
    self.secretKey = secretKey
  }

  /// A new pair, from the kernel's randomness.
  /// - Throws: `KeyError` when libzmq was built without CURVE.
  package static func generate() throws(KeyError) -> KeyPair {
    var texts = (
      [CChar](repeating: 0, count: PublicKey.characters + 1),
      [CChar](repeating: 0, count: PublicKey.characters + 1)
    )
    guard zmq_curve_keypair(&texts.0, &texts.1) == 0,
      let secret = SecretKey(
        String(decoding: texts.1.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)),
      let pair = KeyPair(secret)
    else {
      throw KeyError(
        file: "libzmq", message: "was built without CURVE; install one with it (Debian's has it)")
    }
    return pair
  }
}

/// The text form of keys (ZeroMQ RFC 32).
enum Z85 {
  /// The 32 bytes of a key's text; `nil` when it is none.
  static func bytes(_ text: String) -> [UInt8]? {
    // libzmq reads up to the first zero byte, and takes groups of five characters.
    guard text.utf8.count == PublicKey.characters, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      return nil
    }
    var bytes = [UInt8](repeating: 0, count: PublicKey.bytes)
    return zmq_z85_decode(&bytes, text) == nil ? nil : bytes
  }

  /// The text of 32 bytes.
  static func text(_ bytes: [UInt8]) -> String {
    var text = [CChar](repeating: 0, count: PublicKey.characters + 1)
    zmq_z85_encode(&text, bytes, bytes.count)
    return String(decoding: text.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
