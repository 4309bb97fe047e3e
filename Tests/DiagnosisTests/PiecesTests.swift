import Diagnosis
import IncidentModel
import MessageBus
import TestKit
import Testing

@Suite("Pieces of a diagnosis")
struct PiecesTests {
  @Test("control, direction and invisible characters are shown, and long text is cut")
  func shown() {
    #expect(Shown.text("a\nb\u{1B}[2J\u{202E}\u{0}") == "a\\nb\\u{1B}[2J\\u{202E}\\u{0}")
    #expect(Shown.text("abcdef", limit: 3) == "abc…")
    #expect(Shown.name("") == "(without a name)")
    #expect(!Shown.isPlain("a\u{200B}", limit: 10))
    #expect(Shown.isPlain("naïve ☃", limit: 10))
  }

  @Test(
    "what a statement was about does not leave the database",
    arguments: [
      ("ALTER ROLE shop PASSWORD 'x'", "ALTER ROLE shop PASSWORD ?"),
      ("alter role shop password E'a\\'b' valid until 'never'", "alter role shop password E? valid until ?"),
      ("SELECT * FROM t1 WHERE card = 4111111111111111", "SELECT * FROM t1 WHERE card = ?"),
      ("SELECT '4111 1111''1111', 1.5e-3, .5, 0x1F, -7", "SELECT ?, ?, ?, ?, -?"),
      ("DO $a$ SELECT 'x' $b$ $a$ LANGUAGE sql", "DO ? LANGUAGE sql"),
      ("SELECT $1, a$2b FROM \"it's 4\" WHERE n = 'x'", "SELECT $1, a$2b FROM \"it's 4\" WHERE n = ?"),
      ("UPDATE t SET p = 'secre", "UPDATE t SET p = ?"), ("DO $x$ secret", "DO ?"), ("DO $secr", "DO ?"),
      ("SELECT 'C:\\', 'secret'", "SELECT ?"), ("SELECT 'a' -- don't\n, 'b'", "SELECT ?  \n, ?"),
      ("/* it's /* 4111 */ nested */SELECT 1", " SELECT ?"), ("/* secret", " "), ("", ""),
    ])
  func masked(sql: String, shown: String) {
    #expect(Shown.statement(sql) == shown)
    #expect(Shown.statement(shown) == shown)
  }

  @Test("whatever the rest of a statement, a literal in it is never shown")
  func maskedAlways() {
    let pieces = [
      "SELECT ", "a1", "\"q'q\"", "'x''y'", "E'\\\\'", "$1", "$$'$$", "$t$ \" $t$", "-- '\n", "/* ' */", "(",
      " ",
      "4.5", "\n", "=",
    ]
    for seed in 0..<2000 as Range<UInt64> {
      var random = SeededRandom(seed: seed)
      func some() -> String {
        (0..<Int.random(in: 0...6, using: &random)).map { _ in
          pieces[Int.random(in: 0..<pieces.count, using: &random)] + " "
        }.joined()
      }
      let literal = ["'hunter2'", "E'hunter2'", "$s$hunter2$s$"][Int(seed % 3)]
      let sql = some() + literal + " " + some()
      #expect(!Shown.statement(sql).contains("hunter2"), "\(sql)")
      #expect(!Shown.statement(String(sql.prefix(sql.count / 2))).contains("hunter2"), "\(sql)")
    }
  }

  @Test(
    "globs match as Redis and shells do",
    arguments: [
      ("session:1", "session:*", true), ("session", "session:*", false), ("", "*", true), ("ab", "a?", true),
      ("ab", "a", false), ("a*", "a\\*", true), ("ab", "a\\*", false), ("b", "[a-c]", true),
      ("d", "[^a-c]", true),
      ("d", "[a-c]", false), ("[", "[", true), ("x.log", "*.log", true), ("x.log.gz", "*.log", false),
      ("aXbXc", "a*b*c", true), ("aXbX", "a*b*c", false), ("]", "[]", false),
    ])
  func glob(text: String, pattern: String, matches: Bool) {
    #expect(Glob.matches(text, pattern) == matches)
  }

  @Test("a pattern made to take for ever does not")
  func globTime() {
    let text = String(repeating: "a", count: 2000)
    let pattern = String(repeating: "*a", count: 200) + "b"
    #expect(!Glob.matches(text, pattern))
  }

  @Test("confidence rises with share, with how much was seen, and with what agrees")
  func confidence() {
    #expect(Confidence(explaining: 1, of: 1).rounded == 0.67)
    #expect(Confidence(explaining: 37, of: 40).rounded == 0.9)
    #expect(Confidence(explaining: 370, of: 400) > Confidence(explaining: 37, of: 40))
    #expect(Confidence(explaining: 0, of: 0).value == 0)
    #expect(Confidence(explaining: .nan, of: 1).value == 0)
    var sure = Confidence(explaining: 37, of: 40)
    for _ in 0..<50 { sure.weigh(true) }
    #expect(sure.value <= 0.99)
    var unsure = Confidence(explaining: 37, of: 40)
    unsure.weigh(nil)
    #expect(unsure == Confidence(explaining: 37, of: 40))
    unsure.weigh(false)
    #expect(unsure < Confidence(explaining: 37, of: 40))
  }

  @Test("figures are written as people read them")
  func figures() {
    #expect(Figure.duration(4.25) == "4.3 s")
    #expect(Figure.duration(42.9) == "42 s")
    #expect(Figure.duration(200) == "3 min 20 s")
    #expect(Figure.duration(7500) == "2 h 5 min")
    #expect(Figure.duration(.nan) == "an unknown time")
    #expect(Figure.duration(1e300).hasSuffix("days"))
    #expect(Figure.bytes(1536) == "1.5 KiB")
    #expect(Figure.percent(0.925) == "92.5 %")
    #expect(Figure.decimal(-0.25) == "-0.3")
  }

  @Test("a tool never waits longer than it may run")
  func waits() {
    #expect(ToolCall(.postgresSessions, waitSeconds: 1e9).waitSeconds == ToolCall.longestWait)
    #expect(ToolCall(.postgresSessions, waitSeconds: -1).waitSeconds == 0)
  }

  @Test("remembered incidents are found by what they were about, ended ones only, the latest first, bounded")
  func history() async {
    func digest(_ number: UInt32, _ status: IncidentStatus, _ fingerprint: Fingerprint) -> IncidentDigest {
      IncidentDigest(
        id: IncidentID(number: number), name: "n", severity: .high, status: status, target: "shop",
        rootCause: nil, runbook: "free-leaked-connections",
        detectedAt: Timestamp(milliseconds: Int64(number)), resolvedAt: nil,
        autoResolved: status == .resolved,
        fingerprints: [fingerprint])
    }
    let signal = Case.signal("database_connection_usage")
    let other = Case.signal("cache_memory_usage")
    let memory = RememberedIncidents()
    await memory.note(digest(1, .resolved, signal.fingerprint))
    await memory.note(digest(2, .falsePositive, signal.fingerprint))
    await memory.note(digest(3, .resolved, other.fingerprint))
    await memory.note(digest(4, .investigating, signal.fingerprint))
    await memory.note(digest(5, .resolved, signal.fingerprint))
    await memory.note(digest(5, .investigating, signal.fingerprint))
    let found = await memory.earlier(like: Case.incident(signal, number: 9), limit: 5)
    #expect(found.map(\.id.text) == ["INC-00000002", "INC-00000001"])
    #expect(found.map(\.end) == [.falsePositive, .resolved(runbook: "free-leaked-connections")])
    await memory.reset(to: [digest(7, .escalated, signal.fingerprint)])
    let reset = await memory.earlier(like: Case.incident(signal, number: 9), limit: 5)
    #expect(reset.map(\.end) == [.escalated])
    for number in 10..<6000 as Range<UInt32> {
      await memory.note(digest(number, .resolved, signal.fingerprint))
    }
    let all = await memory.earlier(like: Case.incident(signal, number: 9), limit: .max)
    #expect(all.count <= RememberedIncidents.limit * 11 / 10)
    #expect(all.first?.id == IncidentID(number: 5999))
  }
}
