import Glibc

/// Files with keys, as text:
///
/// ```
/// # The public key of diagnoser-1 on the bus.
/// public-key = "Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID"
/// ```
///
/// A `NAME.key` has a `secret-key` too, and is for its owner alone; a `NAME.pub` never has one. One that lies in a
/// folder of allowed keys may have a ``KeyKind``.
package enum KeyFile {
  /// The ending of files with a pair.
  package static let pairEnding = ".key"
  /// The ending of files with a public key.
  package static let publicEnding = ".pub"
  /// Bytes of a file at the most.
  package static let maxBytes = 4_096

  /// What a file says.
  struct Content: Equatable {
    var publicKey: PublicKey?
    var secretKey: SecretKey?
    var kind: KeyKind?
  }

  /// Reads a public key.
  /// - Throws: `KeyError` when the file can't be read, is malformed, or holds a secret key.
  package static func readPublic(_ path: String) throws(KeyError) -> PublicKey {
    try readAllowed(path).key
  }

  /// Reads a public key and what its owner may be.
  /// - Throws: like ``readPublic(_:)``.
  static func readAllowed(_ path: String) throws(KeyError) -> (key: PublicKey, kind: KeyKind?) {
    try allowed(try SmallRead.file(path, limit: maxBytes).bytes, file: path)
  }

  /// Reads a pair, from a file that nobody else may read.
  /// - Throws: `KeyError` when the file can't be read, others than its owner may read it, it is malformed, or
  ///   its two keys don't belong together.
  package static func readPair(_ path: String) throws(KeyError) -> KeyPair {
    let (bytes, status) = try SmallRead.file(path, limit: maxBytes)
    let content = try parse(bytes, file: path)
    guard let secret = content.secretKey else {
      throw KeyError(
        file: path,
        message: "has no line secret-key = \"…\"; name the \(pairEnding) file that aiopsctl keys new wrote")
    }
    if status.st_mode & 0o077 != 0 {
      throw KeyError(
        file: path,
        message:
          "holds a secret key and is open to others than its owner (mode \(octal(status.st_mode))); run: "
          + "chmod 600 \(path)")
    }
    guard let pair = KeyPair(secret), content.publicKey == nil || content.publicKey == pair.publicKey else {
      throw KeyError(file: path, message: "the public key does not belong to the secret key")
    }
    return pair
  }

  /// The public key that a file's bytes say.
  static func publicKey(_ bytes: [UInt8], file: String) throws(KeyError) -> PublicKey {
    try allowed(bytes, file: file).key
  }

  private static func allowed(
    _ bytes: [UInt8], file: String
  ) throws(KeyError) -> (key: PublicKey, kind: KeyKind?) {
    let content = try parse(bytes, file: file)
    if content.secretKey != nil {
      throw KeyError(
        file: file,
        message: "holds a secret key, which belongs to its owner alone; give the \(publicEnding) file")
    }
    guard let key = content.publicKey else {
      throw KeyError(file: file, message: "has no line public-key = \"…\"")
    }
    return (key, content.kind)
  }

  /// What a file's bytes say; anything that is not understood is an error.
  static func parse(_ bytes: [UInt8], file: String) throws(KeyError) -> Content {
    var content = Content()
    for (index, line) in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .enumerated()
    {
      let number = index + 1
      func wrong(_ message: String) -> KeyError { KeyError(file: file, line: number, message: message) }
      guard let text = String(validating: line, as: UTF8.self) else { throw wrong("is not UTF-8 text") }
      let trimmed = text.trimmingBlanks()
      // `curve` heads the certificates of other ZeroMQ tools.
      if trimmed.isEmpty || trimmed.hasPrefix("#") || trimmed == "curve" { continue }
      let parts = trimmed.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        .map { String($0).trimmingBlanks() }
      guard parts.count == 2, parts[1].count >= 2, parts[1].hasPrefix("\""), parts[1].hasSuffix("\"") else {
        throw wrong("must be public-key = \"…\" or a comment that begins with #")
      }
      let value = String(parts[1].dropFirst().dropLast())
      switch parts[0] {
      case "public-key":
        if content.publicKey != nil { throw wrong("public-key is given twice") }
        guard let key = PublicKey(value) else {
          throw wrong("public-key must be the \(PublicKey.characters) characters of a key in Z85")
        }
        content.publicKey = key
      case "secret-key":
        if content.secretKey != nil { throw wrong("secret-key is given twice") }
        guard let key = SecretKey(value) else {
          throw wrong("secret-key must be the \(PublicKey.characters) characters of a key in Z85")
        }
        content.secretKey = key
      case "kind":
        if content.kind != nil { throw wrong("kind is given twice") }
        guard let kind = KeyKind(rawValue: value) else {
          throw wrong("kind must be one of \(KeyKind.choices)")
        }
        content.kind = kind
      default: throw wrong("must be public-key = \"…\" or a comment that begins with #")
      }
    }
    return content
  }

  /// The text of a file with a public key, and with what its owner may be.
  package static func text(_ key: PublicKey, name: String, kind: KeyKind? = nil) -> String {
    "# The public key of \(name) on the bus.\npublic-key = \"\(key.text)\"\n"
      + (kind.map { "kind = \"\($0.rawValue)\"\n" } ?? "")
  }

  /// The text of a file with a pair.
  package static func text(_ pair: KeyPair, name: String) -> String {
    """
    # The key pair of \(name) on the bus. Secret: for its owner alone, mode 0600.
    public-key = "\(pair.publicKey.text)"
    secret-key = "\(pair.secretKey.exposed)"

    """
  }

  private static func octal(_ mode: mode_t) -> String {
    let digits = String(mode & 0o7777, radix: 8)
    return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
  }
}

extension String {
  /// Without spaces, tabs and carriage returns at both ends.
  fileprivate func trimmingBlanks() -> String {
    func isBlank(_ character: Character) -> Bool {
      character == " " || character == "\t" || character == "\r"
    }
    var text = self[...]
    while let first = text.first, isBlank(first) { text.removeFirst() }
    while let last = text.last, isBlank(last) { text.removeLast() }
    return String(text)
  }
}
