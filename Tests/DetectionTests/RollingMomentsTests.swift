import Detection
import Testing

@Suite("Rolling moments")
struct RollingMomentsTests {
  /// Two passes over the values: slow and true.
  private func naive(_ values: ArraySlice<Double>) -> (mean: Double, deviation: Double) {
    let mean = values.reduce(0, +) / Double(values.count)
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    return (mean, values.count > 1 ? (squares / Double(values.count - 1)).squareRoot() : 0)
  }

  @Test("the window agrees with two passes over its values, also far from zero", arguments: 1...6)
  func agrees(seed: UInt64) {
    var random = Seeded(seed)
    let capacity = Int.random(in: 1...60, using: &random)
    let offset = [0, 1e3, 1e9, -1e9, 1e-6, 5][Int(seed) % 6]
    var window = RollingMoments(capacity: capacity)
    var values: [Double] = []
    for _ in 0..<500 {
      values.append(offset + random.normal(deviation: 3))
      window.append(values[values.count - 1])
      let expected = naive(values.suffix(capacity))
      #expect(window.count == min(values.count, capacity))
      #expect(window.moments.count == window.count)
      #expect(abs(window.moments.mean - expected.mean) <= 1e-12 * max(1, abs(offset)))
      #expect(abs(window.moments.deviation - expected.deviation) <= 1e-6)
    }
  }

  @Test("an absurd value leaves no trace when it has left the window")
  func forgets() {
    var window = RollingMoments(capacity: 8)
    window.append(1e300)
    window.append(-1e300)
    for _ in 0..<8 { window.append(7) }
    #expect(window.moments == Moments(count: 8, mean: 7, squares: 0))
  }

  @Test("merging is the same as adding one by one", arguments: 1...5)
  func merges(seed: UInt64) {
    var random = Seeded(seed)
    let values = (0..<100).map { _ in random.normal(mean: 50, deviation: 9) }
    let cut = Int.random(in: 0...100, using: &random)
    func sum(_ part: ArraySlice<Double>) -> Moments {
      part.reduce(into: Moments()) { $0.add($1) }
    }
    let merged = sum(values[..<cut]).merged(with: sum(values[cut...]))
    #expect(merged.count == 100)
    #expect(abs(merged.mean - sum(values[...]).mean) < 1e-9)
    #expect(abs(merged.deviation - sum(values[...]).deviation) < 1e-9)
  }
}
