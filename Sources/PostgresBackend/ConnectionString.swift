import CPostgres

/// A connection string taken apart, so that its password can be kept out of messages.
struct ConnectionString: Sendable {
  /// libpq's keywords and their values, as the string gives them.
  var options: [(keyword: String, value: String)]

  /// Reads `postgres://…` and `host=… port=…`.
  ///
  /// libpq's own message is not shown: it quotes the place of the mistake, which may be the password.
  init(parsing text: String) throws(PostgresError) {
    guard !text.hasNUL else { throw Self.unreadable }
    guard let first = PQconninfoParse(text, nil) else { throw Self.unreadable }
    defer { PQconninfoFree(first) }
    options = []
    var option = first
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val {
        options.append((String(cString: keyword), String(cString: value)))
      }
      option += 1
    }
  }

  private static let unreadable = PostgresError.connection(
    message: "the connection string cannot be read; write it as postgres://user@host:5432/database "
      + "or host=… port=… dbname=… user=…, with special characters in a URL percent-encoded",
    sqlState: nil)

  /// Where it leads, for people: without the password and all that is not asked for.
  var place: String {
    let values = Dictionary(options.map { ($0.keyword, $0.value) }) { first, _ in first }
    func given(_ keyword: String) -> String? { values[keyword].flatMap { $0.isEmpty ? nil : $0 } }
    let host = given("host") ?? given("hostaddr") ?? "localhost"
    let port = given("port") ?? "5432"
    let user = given("user")
    let database = given("dbname") ?? user ?? ""
    return "postgres://" + (user.map { $0 + "@" } ?? "") + host + ":" + port
      + (database.isEmpty ? "" : "/" + database)
  }

  /// Whether it has a password.
  var hasSecret: Bool { options.contains { Self.secrets.contains($0.keyword) && !$0.value.isEmpty } }

  private static let secrets = ["password", "sslpassword"]

  /// `text` with every secret of the connection string blotted out.
  func redacted(_ text: String) -> String {
    options.filter { Self.secrets.contains($0.keyword) && !$0.value.isEmpty }
      .reduce(text) { $0.replacing($1.value, with: "***") }
  }
}

/// A server's refusal to connect, as libpq words it with verbose errors.
struct ConnectFailure: Equatable {
  var message: String
  var sqlState: String?

  /// Reads `…failed: FATAL:  53300: sorry, too many clients already`.
  ///
  /// libpq keeps the code of a failed connect to itself; only its verbose text has it. Servers and
  /// poolers that say none are recognised by what they say in English.
  init(text: String) {
    let lines = text.split(separator: "\n").filter { !$0.hasPrefix("LOCATION:") }
    var message = lines.joined(separator: " ")
    if let match = message.firstMatch(of: #/:  ([0-9A-Z]{5}): /#) {
      sqlState = String(match.1)
      message.replaceSubrange(match.range, with: ":  ")
    } else if Self.full.contains(where: { message.contains($0) }) {
      sqlState = PostgresError.tooManyConnections
    }
    self.message = String(message.prefix(1000))
  }

  private static let full = [
    "too many clients already", "remaining connection slots are reserved", "too many connections for",
    "no more connections allowed",
  ]
}
