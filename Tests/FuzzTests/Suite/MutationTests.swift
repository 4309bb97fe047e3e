import Glibc
import Testing

/// Every decoder, given what a seeded mutator makes of its valid examples: seconds of what `scripts/fuzz` does as
/// long as you like. AIOPS_FUZZ_SEED=N tries other inputs, AIOPS_FUZZ_SECONDS=N takes so long for each decoder.
@Suite("Hostile input", .serialized)
struct MutationTests {
  @Test("names are of one decoder each")
  func names() {
    #expect(Set(Harnesses.all.map(\.name)).count == Harnesses.all.count)
  }

  @Test("examples are understood", arguments: Harnesses.all.map(\.name))
  func seeds(name: String) throws {
    let harness = try #require(Harnesses.named(name))
    let understood = try harness.seeds().count { try harness.run($0) }
    #expect(understood > 0, "no seed of \(name) is understood: then its mutations test nothing")
  }

  @Test("whatever comes is understood or refused", arguments: Harnesses.all.map(\.name))
  func mutations(name: String) throws {
    let harness = try #require(Harnesses.named(name))
    let environment = { (name: String) in getenv(name).flatMap { UInt64(String(cString: $0)) } }
    let seed = environment("AIOPS_FUZZ_SEED") ?? 0
    let patience = Duration.milliseconds((environment("AIOPS_FUZZ_SECONDS") ?? 0) * 1000 + 120)
    let mutator = try Mutator(harness)
    let last = LastInput()
    let end = ContinuousClock.now + patience
    var number = seed << 32
    while number < seed << 32 + 20 || ContinuousClock.now < end {
      let input = mutator.input(number)
      last.note(name, input)
      let began = processorTime()
      do {
        _ = try harness.run(input)
      } catch {
        Issue.record("\(name), input \(number): \(error)\n\(LastInput.base64(input))")
        return
      }
      let took = processorTime() - began
      // Several hundred times what it takes; a blow-up takes more.
      let bound = 1 + Double(input.count) / 20_000
      guard took <= bound else {
        Issue.record(
          "\(name), input \(number): \(took) s for \(input.count) bytes\n\(LastInput.base64(input))")
        return
      }
      number += 1
    }
    last.forget()
  }

  @Test("the mutator finds what is hidden behind a word and a number")
  func planted() throws {
    let planted = Harness(text: "planted", tokens: ["open sesame"], seeds: ["size=12 name=x"]) { text in
      try demand(!text.contains("size=9223372036854775807"), "a number")
      if text.contains("open sesame") { throw CancellationError() }
      return true
    }
    let mutator = try Mutator(planted)
    var found: Set<String> = []
    for number in 0..<UInt64(20_000) {
      do { _ = try planted.run(mutator.input(number)) } catch { found.insert("\(type(of: error))") }
    }
    #expect(found == ["Broken", "CancellationError"])
  }
}

/// Processor time of this thread, in seconds: what others do on the machine does not count.
func processorTime() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
