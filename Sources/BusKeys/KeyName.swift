/// Names of keys: they stand in file names, logs, metrics and the journal.
package enum KeyName {
  /// Bytes of a name at the most.
  package static let maxBytes = 64

  /// Why a text is no name; `nil` when it is one.
  package static func objection(_ name: String) -> String? {
    let isPlain = name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
        true
      default: false
      }
    }
    guard isPlain, (1...maxBytes).contains(name.utf8.count), !name.hasPrefix("."), !name.hasPrefix("-") else {
      return
        "a key's name has 1 to \(maxBytes) letters, digits, \"-\", \"_\" and \".\", and does not begin with "
        + "\"-\" or \".\""
    }
    return nil
  }

  /// The name that a path's last part gives without its ending; `nil` when the ending is another one.
  package static func of(_ path: String, ending: String) -> String? {
    let last = path.split(separator: "/").last.map(String.init) ?? ""
    return last.hasSuffix(ending) ? String(last.dropLast(ending.count)) : nil
  }
}
