import Glibc

// What libFuzzer calls. The harness is chosen by the environment, so that all of them are one program.

/// The package manager wants a program to have a main function of its own; libFuzzer's does the work.
@main
struct FuzzProgram {
  static func main() {
    var count = CommandLine.argc
    var arguments = CommandLine.unsafeArgv
    exit(runDriver(&count, &arguments) { fuzzOne($0, $1) })
  }
}

// It takes and gives but integers and pointers, for which C's and Swift's conventions are the same.
@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
  _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

private nonisolated(unsafe) var chosen: Harness?

/// Chooses the harness that AIOPS_FUZZ_HARNESS names; or does what `scripts/fuzz` asks by AIOPS_FUZZ_LIST or
/// AIOPS_FUZZ_PREPARE, and ends.
@_cdecl("LLVMFuzzerInitialize")
public func prepareFuzzing(
  _ argc: UnsafeMutablePointer<CInt>,
  _ argv: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>
) -> CInt {
  func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
  if value("AIOPS_FUZZ_LIST") != nil {
    for harness in Harnesses.all { print(harness.name, harness.maxBytes) }
    exit(0)
  }
  guard let name = value("AIOPS_FUZZ_HARNESS"), let harness = Harnesses.named(name) else {
    complain("AIOPS_FUZZ_HARNESS must name a harness; AIOPS_FUZZ_LIST=1 lists them")
    exit(64)
  }
  chosen = harness
  if let folder = value("AIOPS_FUZZ_PREPARE") {
    do {
      for (index, seed) in try harness.seeds().enumerated() { write(seed, to: "\(folder)/seed-\(index)") }
      let words = (harness.tokens + Mutator.boundaries).map(dictionaryLine).joined()
      write(Array(words.utf8), to: "\(folder).dict")
    } catch {
      complain("the seeds of \(name) can't be made: \(error)")
      exit(1)
    }
    exit(0)
  }
  return 0
}

/// Runs the harness on one input. A promise that does not hold ends the process, as a crash would.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  guard let chosen else { return -1 }
  do {
    _ = try chosen.run(Array(UnsafeBufferPointer(start: start, count: count)))
  } catch {
    complain("\(chosen.name): a promise does not hold: \(error)")
    abort()
  }
  return 0
}

private func complain(_ text: String) {
  let bytes = Array((text + "\n").utf8)
  _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
}

private func write(_ bytes: [UInt8], to path: String) {
  guard let file = fopen(path, "we") else {
    complain("\(path) can't be written")
    exit(1)
  }
  fwrite(bytes, 1, bytes.count, file)
  fclose(file)
}

private func dictionaryLine(_ word: String) -> String {
  func hexadecimal(_ byte: UInt8) -> String {
    "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }
  return "\"" + word.utf8.map(hexadecimal).joined() + "\"\n"
}
