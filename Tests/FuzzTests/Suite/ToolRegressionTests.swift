import IncidentModel
import Testing

@testable import OperatorTool

/// What once ended aiopsctl, or made it grow, when what it asked was no coordinator.
@Suite("What hostile answers did to aiopsctl once")
struct ToolRegressionTests {
  @Test("an epoch that is no whole number is shown")
  func epoch() {
    let lines = StatusPage.lines(.object(["role": .text("leading"), "epoch": .number(1e300)]))
    #expect(lines.contains { $0.contains("epoch 1e+300") }, "\(lines)")
  }

  @Test("JSON in UTF-16, whose bytes are unbalanced in UTF-8, is shown somehow")
  func utf16() {
    let bytes = Array("[\"\u{2200}\",\"\u{5D5D}\u{5D5D}\"]".utf16).flatMap {
      [UInt8($0 & 255), UInt8($0 >> 8)]
    }
    #expect(!PlainText.hasControlCharacters(JSONText.pretty(bytes), allowing: true))
    #expect(!JSONText.pretty(Array("]]]]]]".utf8)).isEmpty)
  }

  @Test("lines without data count against the size of an event")
  func emptyLines() {
    var parser = EventParser()
    let lines = Array(String(repeating: "data:\n", count: 10_000).utf8)
    for _ in 0...(EventParser.maxEventBytes / 160_000) { #expect(parser.take(lines).isEmpty) }
    // Beyond the bound the event is left out, and the next one is taken.
    #expect(parser.take(Array("\n\ndata: x\n\n".utf8)) == [ServerEvent(name: "message", data: "x")])
  }
}
