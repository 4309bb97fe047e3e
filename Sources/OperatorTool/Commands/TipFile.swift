import Glibc
import JournalAudit

/// A file in which tips of a journal's chain were kept: one a line, or a log with other words around them.
enum TipFile {
  /// Every tip in it. Read line by line, for a log may be long.
  /// - Throws: `ToolError` for a file that can't be read, or has none.
  static func read(_ path: String) throws -> [ChainTip] {
    guard let file = fopen(path, "re") else {
      throw ToolError(
        message: "--tips: \(Terminal.visible(path)) can't be read: \(String(cString: strerror(errno)))",
        status: 66)
    }
    defer { fclose(file) }
    var tips: Set<ChainTip> = []
    var line: UnsafeMutablePointer<CChar>?
    var capacity = 0
    defer { free(line) }
    while true {
      let count = getline(&line, &capacity, file)
      guard count > 0, let line else { break }
      let bytes = UnsafeRawBufferPointer(start: line, count: count)
      tips.formUnion(ChainTip.all(in: String(decoding: bytes, as: UTF8.self)))
    }
    guard !tips.isEmpty else {
      throw ToolError(
        message: "--tips: \(Terminal.visible(path)) has no tip in it: a record's number, a colon and 64 "
          + "hexadecimal digits", status: 64)
    }
    return Array(tips)
  }
}
