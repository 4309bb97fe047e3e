/// One decoder of bytes from outside, made ready to be given any.
///
/// A new decoder is one more entry in a list of `Harnesses/`; the tests and `scripts/fuzz` then know it.
struct Harness: Sendable {
  /// Names it on the command line, e.g. `agent-frame`.
  let name: String
  /// Inputs are not longer.
  let maxBytes: Int
  /// Words of the format, for mutations.
  let tokens: [String]
  /// Valid examples, from which mutations start.
  let seeds: @Sendable () throws -> [[UInt8]]
  /// Decodes; answers whether the bytes were understood. Throws ``Broken``, or whatever a decoder must not
  /// throw, where a promise does not hold.
  let run: @Sendable ([UInt8]) throws -> Bool

  /// A harness; see the fields.
  init(
    _ name: String, maxBytes: Int = 16 << 10, tokens: [String] = [],
    seeds: @escaping @Sendable () throws -> [[UInt8]], run: @escaping @Sendable ([UInt8]) throws -> Bool
  ) {
    self.name = name
    self.maxBytes = maxBytes
    self.tokens = tokens
    self.seeds = seeds
    self.run = run
  }

  /// A harness of a decoder of text; bytes that are no UTF-8 are repaired first.
  init(
    text name: String, maxBytes: Int = 4 << 10, tokens: [String] = [], seeds: [String],
    run: @escaping @Sendable (String) throws -> Bool
  ) {
    self.init(
      name, maxBytes: maxBytes, tokens: tokens, seeds: { seeds.map { Array($0.utf8) } },
      run: { bytes in
        try run(String(decoding: bytes, as: UTF8.self))
      })
  }
}

/// A promise of a decoder's that did not hold.
struct Broken: Error, CustomStringConvertible {
  let description: String
}

/// Throws ``Broken`` unless the condition holds.
func demand(_ condition: Bool, _ what: @autoclosure () -> String) throws {
  if !condition { throw Broken(description: what()) }
}

/// Every harness: the one place that the tests and `scripts/fuzz` look at.
enum Harnesses {
  static let all: [Harness] =
    Harness.model + Harness.frames + Harness.spool + Harness.engine + Harness.facts + Harness.requests
    + Harness.settings + Harness.host + Harness.collection + Harness.detection + Harness.findings
    + Harness.acting + Harness.servers + Harness.tool

  /// Finds one by its name.
  static func named(_ name: String) -> Harness? { all.first { $0.name == name } }
}
