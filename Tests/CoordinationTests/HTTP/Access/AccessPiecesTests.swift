import AccessTokens
import Coordination
import FoundationEssentials
import Glibc
import IncidentModel
import TestKit
import Testing

@Suite("Tokens, sessions and budgets") struct AccessPiecesTests {
  private typealias Instant = ContinuousClock.Instant

  @Test("a token has 256 bits, survives a round trip, and is never shown by its description")
  func token() throws {
    var random = SeededRandom(seed: 1)
    var seen: Set<String> = []
    for _ in 0..<200 {
      let token = AccessToken(using: &random)
      #expect(token.exposed.utf8.count == 49 && token.exposed.hasPrefix("aiops_"))
      #expect(AccessToken(token.exposed) == token)
      #expect(TokenHash(hexadecimal: token.hash.hexadecimal) == token.hash)
      #expect(!"\(token) \(String(reflecting: token))".contains(token.exposed.dropFirst(6)))
      #expect(seen.insert(token.exposed).inserted)
      var changed = Array(token.exposed.utf8)
      let place = Int.random(in: 6..<49, using: &random)
      changed[place] = changed[place] == UInt8(ascii: "x") ? UInt8(ascii: "y") : UInt8(ascii: "x")
      let other = try #require(AccessToken(String(decoding: changed, as: UTF8.self)))
      #expect(!other.hash.matches(token.hash))
    }
    for text in ["", "aiops_", "aiops_" + String(repeating: "a", count: 42), "x", "aiops_é"] {
      #expect(AccessToken(text) == nil)
    }
  }

  @Test("a list of tokens is read as it was written; what is no list is named, without a hash")
  func list() throws {
    var random = SeededRandom(seed: 2)
    var list = TokenList()
    for index in 0..<50 {
      let token = AccessToken(using: &random)
      try list.add(
        TokenRecord(
          name: "t\(index)", role: AccessRole.allCases[index % 3], hash: token.hash, created: .start,
          expires: index % 2 == 0 ? nil : .start + .seconds(index)))
      #expect(list.record(of: token)?.name == "t\(index)")
    }
    #expect(try TokenList(parsing: list.encoded()) == list)
    let text = String(decoding: list.encoded(), as: UTF8.self)
    let hash = list.records[0].hash.hexadecimal
    for (change, expected) in [
      ("", "not a file of tokens"), ("[]", "not a file of tokens"),
      ("{\"version\":2,\"tokens\":[]}", "version 2"), ("{\"tokens\":[]}", "version is missing"),
      (
        text.replacing("\"viewer\"", with: "\"root\""),
        "tokens[0].role must be one of viewer, operator, admin"
      ),
      (text.replacing(hash, with: String(hash.dropLast())), "tokens[0].sha256"),
      (text.replacing("\"t1\"", with: "\"t0\""), "tokens[1]: there is a token t0 already"),
      (text.replacing("\"t3\"", with: "\"a/b\""), "tokens[3]: a token's name"),
    ] {
      let error = #expect(throws: TokenFileError.self) { try TokenList(parsing: Array(change.utf8)) }
      let message = error?.description ?? ""
      #expect(message.contains(expected), "\(message)")
      #expect(!message.contains(hash.prefix(16)))
    }
    // Any bytes at all are an error and nothing worse.
    for _ in 0..<300 {
      var bytes = list.encoded()
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      _ = try? TokenList(parsing: bytes)
    }
  }

  @Test("the file is its owner's alone, replaced whole, and two who change it at once both do")
  func file() async throws {
    try await TemporaryFolder.with { folder in
      let path = folder.path("tokens.json")
      await withTaskGroup(of: Void.self) { group in
        for index in 0..<20 {
          group.addTask {
            var random = SystemRandomNumberGenerator()
            let record = TokenRecord(
              name: "t\(index)", role: .viewer, hash: AccessToken(using: &random).hash, created: .start)
            try? TokenFile.update(path, mustExist: false) { list throws(TokenFileError) in
              try list.add(record)
            }
          }
        }
      }
      #expect(try TokenFile.read(path).records.count == 20)
      var status = stat()
      #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
      let before = try contents(of: path)
      let taken = #expect(throws: TokenFileError.self) {
        try TokenFile.update(path, mustExist: true) { list throws(TokenFileError) in try list.revoke("nobody")
        }
      }
      #expect(taken?.description.hasPrefix(path) == true)
      #expect(try contents(of: path) == before)
      #expect(throws: TokenFileError.self) {
        try TokenFile.update(folder.path("none"), mustExist: true) {
          (_: inout TokenList) throws(TokenFileError) in
        }
      }
      try folder.link(path, as: "link.json")
      try TokenFile.update(folder.path("link.json"), mustExist: true) { list throws(TokenFileError) in
        try list.revoke("t0")
      }
      #expect(try TokenFile.read(path).records.count == 19)
    }
  }

  @Test("a bucket gives its burst at once, then its rate, and never more in any window")
  func rate() {
    var random = SeededRandom(seed: 3)
    for _ in 0..<50 {
      let rate = Double.random(in: 0.5...50, using: &random)
      let burst = Double(Int.random(in: 1...20, using: &random))
      var limiter = RateLimiter(rate: rate, burst: burst, capacity: 10)
      let start = Instant.now
      var now = start
      var granted = 0.0
      for _ in 0..<500 {
        now = now.advanced(by: .milliseconds(Int.random(in: 0...50, using: &random)))
        let wait = limiter.take("a", at: now)
        if wait == nil { granted += 1 } else { #expect((wait ?? 0) > 0) }
        #expect(granted <= burst + (now - start).inSeconds * rate + 1e-6)
        // Who waits as long as it was told gets in.
        if let wait {
          now = now.advanced(by: .seconds(wait + 1e-6))
          #expect(limiter.take("a", at: now) == nil)
          granted += 1
        }
      }
    }
  }

  @Test("clients are kept apart up to a bound; who is idle is forgotten, newcomers beyond it share a bucket")
  func bounded() {
    var limiter = RateLimiter(rate: 1, burst: 2, capacity: 4)
    let start = Instant.now
    for client in ["a", "b", "c", "d"] {
      #expect(limiter.take(client, at: start) == nil)
      #expect(limiter.take(client, at: start) == nil)
      #expect(limiter.take(client, at: start) != nil)
    }
    #expect(limiter.take("e", at: start) == nil)
    #expect(limiter.take("f", at: start) == nil)
    #expect(limiter.take("g", at: start) != nil)
    #expect(limiter.count == 4)
    for index in 0..<10_000 { _ = limiter.take("x\(index)", at: start.advanced(by: .milliseconds(500))) }
    #expect(limiter.count == 4)
    let later = start.advanced(by: .seconds(10))
    #expect(limiter.take("e", at: later) == nil)
    #expect(limiter.count == 1)
  }

  @Test("sessions are bounded, the oldest ends first, and each ends in its time")
  func sessions() throws {
    var random = SeededRandom(seed: 4)
    var table = SessionTable(capacity: 3)
    let token = AccessToken(using: &random)
    func add(_ cookie: String, for seconds: Int = 100, at now: Timestamp = .start) {
      table.add(
        BrowserSession(name: cookie, credential: token, end: now + .seconds(seconds)), cookie: cookie, at: now
      )
    }
    for cookie in ["a", "b", "c", "d"] { add(cookie) }
    #expect(table.count == 3)
    #expect(table.session(cookie: "a", at: .start) == nil)
    #expect(table.session(cookie: "b", at: .start)?.name == "b")
    table.end(cookie: "b")
    #expect(table.session(cookie: "b", at: .start) == nil && table.count == 2)
    add("short", for: 1)
    add("e", at: .start + .seconds(2))
    // What had ended went first.
    #expect(table.session(cookie: "c", at: .start + .seconds(2)) != nil)
    #expect(table.session(cookie: "c", at: .start + .seconds(100)) == nil)
    for index in 0..<1000 { add("x\(index)") }
    #expect(table.count == 3)
  }
}
