import Foundation
import Logging
import Observability
import Testing

@Suite("A log line")
struct LogTests {
  /// Everything that `body` logs, as lines.
  private func lines(
    _ level: Logger.Level = .trace, _ body: (Logger) async throws -> Void
  ) async throws -> [String] {
    let path = FileManager.default.temporaryDirectory.appending(path: "log-\(UUID())").path
    defer { unlink(path) }
    let file = open(path, O_CREAT | O_WRONLY | O_APPEND, 0o600)
    let output = LogOutput(descriptor: file)
    let logger = Logger(label: "test") { _ in
      JSONLogHandler(agent: "detector-1", level: level, output: output) { 1_795_423_980_007 }
    }
    try await body(logger)
    close(file)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(text.isEmpty || text.hasSuffix("\n"))
    return text.split(separator: "\n").map(String.init)
  }

  private func object(_ line: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
  }

  @Test("is one JSON object with time, level, agent, incident, message and fields")
  func shape() async throws {
    let lines = try await lines { logger in
      logger.info(
        "raised",
        metadata: [
          "incident_id": "INC-1A2B3C4D", "value": "92", "labels": ["b": "2", "a": ["x", "y"]],
        ])
    }
    #expect(
      lines == [
        #"{"time":"2026-11-23T08:53:00.007Z","level":"info","agent":"detector-1","incident_id":"INC-1A2B3C4D","#
          + #""message":"raised","fields":{"labels":{"a":["x","y"],"b":"2"},"value":"92"}}"#
      ])
  }

  @Test("below the level is not written")
  func level() async throws {
    #expect(try await lines(.warning) { $0.info("no") }.isEmpty)
  }

  @Test("holds any text safely: control characters, broken UTF-8, marks of direction")
  func hostile() async throws {
    let bytes = String(decoding: [0x61, 0xFF, 0xC3, 0x28, 0x00, 0x1B, 0x5B, 0x0A] as [UInt8], as: UTF8.self)
    let all =
      String(String.UnicodeScalarView((0..<0x300).compactMap(Unicode.Scalar.init))) + "\u{202E}\u{2028}😀"
    let lines = try await lines { logger in
      logger.error("\(bytes)", metadata: ["\(bytes)": "\(all)", "incident_id": "\n"])
    }
    #expect(lines.count == 1)
    let object = try object(lines[0])
    #expect(object["message"] as? String == bytes)
    #expect((object["fields"] as? [String: String])?[bytes] == all)
    #expect(!lines[0].unicodeScalars.contains { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) })
  }

  @Test("has a bounded length, whatever is logged, and stays JSON")
  func bounded() async throws {
    let huge = String(repeating: "\u{1}é", count: 1_000_000)
    var many: Logger.Metadata = [:]
    for index in 0..<2000 { many["key\(index)"] = "\(huge.prefix(5000))" }
    var deep = Logger.MetadataValue.string("end")
    for _ in 0..<1000 { deep = .array([deep, deep]) }
    let metadata = many
    let nested = deep
    let lines = try await lines { logger in
      logger.error("\(huge)", metadata: metadata)
      logger.error("x", metadata: ["\(huge.prefix(1000))": .array([.string(huge)])])
      logger.error("deep", metadata: ["deep": nested])
    }
    #expect(lines.count == 3)
    for line in lines {
      #expect(line.utf8.count < JSONLogHandler.maxLineBytes)
      #expect(try object(line)["message"] != nil)
    }
    #expect(try object(lines[0])["truncated"] as? Bool == true)
  }

  @Test("is never mixed with another, however many write at once")
  func interleaving() async throws {
    let lines = try await lines { logger in
      await withTaskGroup(of: Void.self) { group in
        for task in 0..<8 {
          group.addTask {
            for index in 0..<50 {
              logger.info("\(task)-\(index)", metadata: ["pad": "\(String(repeating: "x", count: 3000))"])
            }
          }
        }
      }
    }
    #expect(lines.count == 400)
    #expect(Set(try lines.compactMap { try object($0)["message"] as? String }).count == 400)
  }

  @Test("that can't be written is counted and stops nothing")
  func broken() {
    let output = LogOutput(descriptor: -1)
    let logger = Logger(label: "test") { _ in JSONLogHandler(agent: "a", level: .info, output: output) }
    logger.info("gone")
    #expect(output.lostLines == 1)
  }
}
