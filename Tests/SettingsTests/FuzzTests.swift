import Foundation
import Settings
import Testing

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers for the same seed everywhere.
struct SeededNumbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

@Suite("Configuration that was damaged")
struct FuzzTests {
  static let pieces: [[UInt8]] = [
    "\n", "  ", "- ", ": ", "[", "]", "{", "}", "\"", "'", "#", "|", ">", "&a ", "*a", "!!x ", "? ", "---\n",
    "\t", "null", "-1e999", "0x10", "true", "\u{202E}", "é", "%", "@", "<<: ", "${", "99999999999999999999",
  ].map { Array($0.utf8) }

  @Test("either loads or gives errors with places, whatever was done to it", arguments: 0..<8)
  func mutations(seed: UInt64) throws {
    let path = LoaderTests.root.appending(path: "compose/aiops.example.yaml")
    let original = Array(try Data(contentsOf: path))
    var numbers = SeededNumbers(state: seed)
    var loaded = 0
    for _ in 0..<60 {
      var bytes = original
      for _ in 0..<Int.random(in: 1...4, using: &numbers) {
        mutate(&bytes, &numbers)
      }
      do throws(SettingsError) {
        _ = try SettingsLoader.parse(bytes, file: "f.yaml", environment: [:])
        loaded += 1
      } catch {
        #expect(!error.problems.isEmpty)
        for problem in error.problems {
          #expect(problem.line != nil && problem.column != nil, "\(problem)")
          #expect(!problem.message.isEmpty && problem.message.utf8.count < 2000)
        }
      }
    }
    #expect(loaded < 60)
  }

  private func mutate(_ bytes: inout [UInt8], _ numbers: inout SeededNumbers) {
    let at = Int.random(in: 0..<max(1, bytes.count), using: &numbers)
    let end = min(bytes.count, at + Int.random(in: 1...40, using: &numbers))
    switch Int.random(in: 0..<6, using: &numbers) {
    case 0: bytes.removeSubrange(at..<end)
    case 1: bytes.insert(contentsOf: Self.pieces.randomElement(using: &numbers) ?? [], at: at)
    case 2: bytes[at] = UInt8.random(in: 0...255, using: &numbers)
    case 3: bytes.insert(contentsOf: bytes[at..<end], at: Int.random(in: 0...bytes.count, using: &numbers))
    case 4: bytes.removeSubrange(at...)
    default:
      bytes.replaceSubrange(at..<end, with: Self.pieces.randomElement(using: &numbers) ?? [])
    }
    if bytes.isEmpty { bytes = [0x20] }
  }
}
