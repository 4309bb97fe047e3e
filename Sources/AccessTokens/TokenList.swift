import FoundationEssentials
package import IncidentModel

/// A token as it is stored: everything but the token.
package struct TokenRecord: Sendable, Equatable {
  /// Unique in its list; what the journal says of who acted.
  package var name: String
  package var role: AccessRole
  package var hash: TokenHash
  package var created: Timestamp
  /// From when on it is worth nothing; `nil`: never.
  package var expires: Timestamp?

  /// A record; see the fields.
  package init(
    name: String, role: AccessRole, hash: TokenHash, created: Timestamp, expires: Timestamp? = nil
  ) {
    self.name = name
    self.role = role
    self.hash = hash
    self.created = created
    self.expires = expires
  }

  /// Whether it is worth nothing any more.
  package func isExpired(at now: Timestamp) -> Bool { expires.map { $0 <= now } ?? false }
}

/// The tokens that are known, as a file has them.
package struct TokenList: Sendable, Equatable {
  /// So many tokens at the most: each is compared with every request.
  package static let maxTokens = 1000

  /// In the order in which they were made.
  package private(set) var records: [TokenRecord] = []

  /// A list of none.
  package init() {}

  /// Adds a token.
  /// - Throws: `TokenFileError` when the name is no name or taken, or there are too many.
  package mutating func add(_ record: TokenRecord) throws(TokenFileError) {
    guard Self.isName(record.name) else {
      throw TokenFileError("a token's name has 1 to 64 letters, digits, \"-\", \"_\" and \".\"")
    }
    guard !records.contains(where: { $0.name == record.name }) else {
      throw TokenFileError("there is a token \(record.name) already; revoke it first, or take another name")
    }
    guard !records.contains(where: { $0.hash.matches(record.hash) }) else {
      throw TokenFileError("the token \(record.name) is the same as another one; make a new one")
    }
    guard records.count < Self.maxTokens else {
      throw TokenFileError("there are \(Self.maxTokens) tokens already; revoke those that nobody uses")
    }
    records.append(record)
  }

  /// Takes a token out; it is worth nothing any more.
  /// - Throws: `TokenFileError` when there is none of that name.
  package mutating func revoke(_ name: String) throws(TokenFileError) {
    guard let index = records.firstIndex(where: { $0.name == name }) else {
      throw TokenFileError("there is no token of that name; aiopsctl tokens list shows those that there are")
    }
    records.remove(at: index)
  }

  /// The record of a token, expired or not. Looks at every one, so that the time tells nothing.
  package func record(of token: AccessToken) -> TokenRecord? {
    let hash = token.hash
    var found: TokenRecord?
    for record in records where record.hash.matches(hash) { found = record }
    return found
  }

  /// The record of that name.
  package func record(named name: String) -> TokenRecord? { records.first { $0.name == name } }

  /// Whether a text can be a token's name.
  package static func isName(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count)
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
          true
        default: false
        }
      }
  }
}

// MARK: As JSON

extension TokenList {
  private static let version = 1

  private struct Document: Codable {
    struct Entry: Codable {
      var name: String
      var role: String
      var sha256: String
      var created: Timestamp
      var expires: Timestamp?
    }

    var version: Int
    var tokens: [Entry]
  }

  /// Reads a list.
  /// - Throws: `TokenFileError` that names the token that is wrong, and never its hash.
  package init(parsing bytes: [UInt8]) throws(TokenFileError) {
    let document: Document
    do {
      document = try JSONCoding.decoder().decode(Document.self, from: Data(bytes))
    } catch let error as DecodingError {
      throw TokenFileError(
        "is not a file of tokens\(Self.place(of: error)); make one with aiopsctl tokens new")
    } catch {
      throw TokenFileError("is not a file of tokens; make one with aiopsctl tokens new")
    }
    guard document.version == Self.version else {
      throw TokenFileError(
        "has version \(document.version), and this program knows \(Self.version); use a newer one")
    }
    for (index, entry) in document.tokens.enumerated() {
      let at = "tokens[\(index)]"
      guard let role = AccessRole(rawValue: entry.role) else {
        let roles = AccessRole.allCases.map(\.rawValue).joined(separator: ", ")
        throw TokenFileError("\(at).role must be one of \(roles)")
      }
      guard let hash = TokenHash(hexadecimal: entry.sha256) else {
        throw TokenFileError("\(at).sha256 must be 64 hexadecimal digits in lower case")
      }
      do throws(TokenFileError) {
        try add(
          TokenRecord(
            name: entry.name, role: role, hash: hash, created: entry.created, expires: entry.expires))
      } catch {
        throw TokenFileError("\(at): \(error.message)")
      }
    }
  }

  /// The list as JSON, which ``init(parsing:)`` reads.
  package func encoded() -> [UInt8] {
    let entries = records.map {
      Document.Entry(
        name: $0.name, role: $0.role.rawValue, sha256: $0.hash.hexadecimal, created: $0.created,
        expires: $0.expires)
    }
    let document = Document(version: Self.version, tokens: entries)
    // Texts, numbers and nothing else: this can't fail.
    let data = (try? JSONCoding.encoder(pretty: true).encode(document)) ?? Data()
    return Array(data) + [UInt8(ascii: "\n")]
  }

  private static func place(of error: DecodingError) -> String {
    let path: [any CodingKey] =
      switch error {
      case .keyNotFound(let key, let context): context.codingPath + [key]
      case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
        context.codingPath
      @unknown default: []
      }
    guard !path.isEmpty else { return "" }
    let text = path.map { key in key.intValue.map { "[\($0)]" } ?? ".\(key.stringValue.prefix(32))" }.joined()
    return ": \(text.drop { $0 == "." }) is missing or wrong"
  }
}
