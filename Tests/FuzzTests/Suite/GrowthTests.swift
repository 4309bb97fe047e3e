import Testing

/// Work must grow with what comes, not with its square: long runs of what is costly to somebody, four times as
/// long, may take little more than four times as long.
@Suite("Hostile input in bulk", .serialized)
struct GrowthTests {
  // What text, numbers and parsers each are slow at.
  private static let runs: [String] = [
    "a", "9", "[", "{\"a\":", "\"a\",", "\\u0301", "\u{301}\u{327}", "\u{1F1E6}", "👩‍", "\r\n", "\n", "\0",
    "\\", "%41", "&x=1",
    ": ", "- ", "a: ", "a: 1\n", "  ", "'", "$a$", "/*", "*a", "?", "(", "-", "..", "data:\n", "*1\r\n",
  ]

  @Test("takes time in proportion", arguments: Harnesses.all.map(\.name))
  func proportion(name: String) throws {
    let harness = try #require(Harnesses.named(name))
    // Without the network, whose time is not ours, and the journal, for which texts were bounded when they came.
    if ["http-answer", "journal-payload", "incident-json"].contains(name) || harness.maxBytes < 1 << 10 {
      return
    }
    let seeds = try harness.seeds()
    for run in Self.runs + harness.tokens {
      for (index, seed) in ([[]] + seeds.prefix(1)).enumerated() {
        // Inside the first quotes, or else in the middle.
        let place = seed.firstIndex(of: UInt8(ascii: "\"")).map { $0 + 1 } ?? seed.count / 2
        func time(_ size: Int) throws -> Double {
          var input = seed
          let piece = Array(run.utf8)
          input.insert(contentsOf: (0..<max(1, size / piece.count)).flatMap { _ in piece }, at: place)
          let began = processorTime()
          _ = try harness.run(input)
          return processorTime() - began
        }
        let size = min(harness.maxBytes, 32 << 10)
        let small = try time(size / 4)
        // Where it is so quick there is nothing to measure.
        guard small > 0.003 else { continue }
        let large = try time(size)
        if large > 10 * small {
          // Once more: something else may have been in the way.
          let (again, whole) = (try time(size / 4), try time(size))
          #expect(
            whole <= 10 * again || whole < 0.05,
            "\(name), \(run.debugDescription) in seed \(index): \(again) s, then \(whole) s")
        }
      }
    }
  }
}
