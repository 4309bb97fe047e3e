import Glibc
import IncidentModel
import Testing

@testable import Coordination
@testable import Diagnosis
@testable import HostBackend
@testable import IncidentEngine
@testable import MessageBus
@testable import RedisBackend
@testable import Settings

/// What once ended a process, or made it grow, when somebody hostile said it.
@Suite("What hostile input did once")
struct RegressionTests {
  @Test("numbers of an agent's that no sum could hold are refused")
  func sums() throws {
    var report = Samples.spool
    report.waiting = .max
    let beat = Heartbeat(sequence: 1, load: 0, freeSlots: 1, leases: [], spool: report)
    #expect(throws: WireError.outOfRange(field: "spool.waiting", reason: "is more than 70368744177664")) {
      try WireCodec.encode(.heartbeat(beat))
    }
    #expect(throws: WireError.self) {
      try WireCodec.encode(.intend(request: 1, step: .max, name: "step", Samples.lease))
    }
    #expect(throws: WireError.self) {
      try WireCodec.encode(
        .concluded(request: 1, StepOutcome(index: .max, state: .failed, detail: ""), Samples.lease))
    }
  }

  @Test("a step that is no step's number is refused by the engine too")
  func steps() {
    var engine = Engine(policy: EnginePolicy())
    _ = engine.handle(.joined(Samples.info), at: Samples.moment)
    let lease = Samples.lease
    for fact: Fact in [
      .opened(signal: Samples.signal, autonomy: .auto), .diagnosed(diagnosis: Samples.diagnosis),
      .queued(job: .resolve, deadline: Samples.moment + .seconds(60)),
      .leased(
        lease: lease, worker: "r", instance: Samples.info.instance, attempt: 1,
        expires: Samples.moment + .seconds(60)),
      .stepIntended(index: .max, name: "odd", token: lease.token),
      .climbed(level: .max, round: .max, name: "ann", next: Samples.moment),
    ] {
      engine.replay(
        EngineEvent(
          sequence: engine.state.sequence + 1, at: Samples.moment, incident: lease.incident, actor: "a",
          fact: fact))
    }
    for input: EngineInput in [
      .intend(step: .max, name: "step", lease, instance: Samples.info.instance),
      .concluded(
        StepOutcome(index: .max - 1, state: .failed, detail: ""), lease, instance: Samples.info.instance),
    ] {
      guard case .refused = engine.handle(input, at: Samples.moment).reply else {
        Issue.record("it was not refused")
        return
      }
    }
  }

  @Test("a confidence from a damaged journal is shown as a percentage")
  func confidence() {
    var diagnosis = Samples.diagnosis
    diagnosis.hypotheses[0].confidence = 1e300
    let event = EngineEvent(
      sequence: 1, at: Samples.moment, incident: nil, actor: "d", fact: .diagnosed(diagnosis: diagnosis))
    #expect(event.timelineEntry?.text.contains("100 % sure") == true)
  }

  @Test("a record's number is one that can be counted on from")
  func sequences() {
    func record(_ sequence: String) -> JournalRecord? {
      JournalRecord(row: [sequence, nil, "0", "noted", "d", "{}", "1"])
    }
    #expect(record("1") != nil)
    for sequence in ["0", "-1", "-9223372036854775808", "9223372036854775807"] {
      #expect(record(sequence) == nil, "\(sequence)")
    }
  }

  @Test(
    "numbers in the journal are JSON's, however they are read",
    arguments: ["1.", "-.5", "01.5", "1.e3", "--1", "1e"])
  func numbers(number: String) {
    let bytes = Array((number + "}").utf8)
    bytes.withUnsafeBufferPointer { bytes in
      var scanner = JSONScanner(bytes: bytes)
      #expect(scanner.number() == nil)
    }
  }

  @Test("sparse files as long as can be are added up", .enabled(if: access("/dev/shm", W_OK) == 0))
  func sparseFiles() throws {
    var folder = Array("/dev/shm/aiops-fuzz-XXXXXX".utf8CString)
    #expect(mkdtemp(&folder) != nil)
    let path = String(decoding: folder.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let files = ["a.log", "b.log"].map { path + "/" + $0 }
    defer {
      for file in files { unlink(file) }
      rmdir(path)
    }
    for file in files {
      let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
      defer { close(descriptor) }
      #expect(ftruncate(descriptor, .max) == 0)
    }
    let size = try HostProbe().folderSize(path)
    #expect(size.bytes == .max && size.files == 2)
    let found = try HostProbe().largestFiles(in: path, limit: 10)
    let use = FolderSummary.use(
      of: FolderSettings(path: path, deletable: ["*.log"], keepSeconds: 0), size: size, files: found, at: 1e12
    )
    #expect(use.globs.first?.bytes == .max && use.globs.first?.oldBytes == .max)
  }

  @Test("what a hostile cache says of its keys is added up")
  func keys() {
    let keys = (0..<3).map { SampledKey(name: "a:\($0)", bytes: SampledKey.maxBytes, expires: false) }
    #expect(KeySample.result(keys, total: 3, clearable: []).sampledBytes == 3 * SampledKey.maxBytes)
  }

  @Test("an answer with more behind it ends the session, so that the rest is nobody's answer")
  func surplus() throws {
    var pair: [CInt] = [0, 0]
    #expect(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0)
    defer { close(pair[1]) }
    let answers = Array("+PONG\r\n+PONG\r\n".utf8)
    #expect(send(pair[1], answers, answers.count, 0) == answers.count)
    let session = try RedisSession(connected: pair[0])
    #expect(throws: RedisError.invalidAnswer(message: "it said more than it was asked")) {
      try session.command([Array("PING".utf8)], deadline: Deadline(in: .seconds(5)))
    }
  }

  @Test(
    "aliases are refused after breaks of lines that only Unicode knows",
    arguments: ["\u{85}", "\u{2028}", "\u{2029}"])
  func aliases(lineBreak: String) {
    let yaml = "commands:\(lineBreak)&a x: {executable: /bin/true}\nsinks:\(lineBreak)*a : 1\n"
    var seen: [String] = []
    do throws(SettingsError) {
      _ = try SettingsLoader.parse(Array(yaml.utf8), file: "f", environment: [:])
    } catch {
      seen = error.problems.map(\.message)
    }
    #expect(seen.contains { $0.contains("aliases such as *a are not supported") }, "\(seen)")
  }

  @Test("an answer whose status is no status is no answer", arguments: ["2147483648", "23372", "1000", "0"])
  func status(number: String) throws {
    let harness = try #require(Harnesses.named("http-answer"))
    #expect(try !harness.run(Array("HTTP/\(number).1 \(number) x\r\nContent-Length: 0\r\n\r\n".utf8)))
    #expect(try harness.run(Array("HTTP/1.1 999 x\r\nContent-Length: 0\r\n\r\n".utf8)))
  }

  @Test(
    "brackets at which Foundation's decoder ends the process are refused before",
    arguments: ["[", "{\"a\":", "[{\"a\":"])
  func brackets(bracket: String) throws {
    let bytes = Array(String(repeating: bracket, count: 513).utf8)
    for name in ["prometheus", "tool-json", "journal-payload", "json", "alerts"] {
      let harness = try #require(Harnesses.named(name))
      for count in [bytes.count, 513, 514] {
        #expect(try !harness.run(Array(bytes.prefix(count))), "\(name)")
      }
    }
    #expect(JSONGuard.objection(to: Array("[\"[[\\\"[[\"]".utf8)) == nil)
  }

  @Test("a run of combining marks, which takes hours to compare, is refused before it is compared")
  func marks() throws {
    let marks = String(repeating: "\u{301}\u{327}", count: 60_000)
    let escaped = String(repeating: "\\u0301\\u0327", count: 60_000)
    let began = processorTime()
    for name in [
      "alerts", "command", "json", "config", "prometheus", "tool-json", "event-stream", "agent-frame",
    ] {
      let harness = try #require(Harnesses.named(name))
      for text in ["{\"\(marks)\":1}", marks + ": 1", "{\"\(escaped)\":1}"] {
        #expect(try !harness.run(Array(text.utf8)), "\(name)")
      }
    }
    #expect(processorTime() - began < 10)
  }

  @Test("a name that is very long is nobody's misspelling")
  func spelling() {
    let long = String(repeating: "a", count: 1 << 20)
    let began = processorTime()
    for _ in 0..<50 { #expect(Spelling.nearest(to: "restart", among: [long, "restar"]) == "restar") }
    #expect(processorTime() - began < 1)
  }
}
