/// One thing that is wrong with a configuration, and where.
package struct SettingsProblem: Hashable, Sendable, CustomStringConvertible {
  /// The file it is in.
  package var file: String
  /// From 1; `nil` when the trouble is the file as a whole.
  package var line: Int?
  /// From 1, in characters; `nil` with ``line``.
  package var column: Int?
  /// The key, e.g. `sources[0].interval`; empty for the whole.
  package var path: String
  /// What is wrong and what would be right. Never holds a secret.
  package var message: String

  /// A problem; see the fields.
  package init(file: String, line: Int? = nil, column: Int? = nil, path: String = "", message: String) {
    self.file = file
    self.line = line
    self.column = column
    self.path = path
    self.message = message
  }

  package var description: String {
    var text = file
    if let line { text += ":\(line)" }
    if let column { text += ":\(column)" }
    return text + ": " + (path.isEmpty ? "" : path + ": ") + message
  }
}

/// Everything that is wrong with a configuration.
package struct SettingsError: Error, Hashable, Sendable, CustomStringConvertible {
  /// At most so many problems are kept; the rest is counted.
  package static let maxProblems = 100

  /// In the order of files and lines; never empty.
  package var problems: [SettingsProblem]
  /// How many more there were.
  package var omitted: Int

  /// An error; sorts by place and keeps the first ``maxProblems``.
  package init(_ problems: [SettingsProblem]) {
    var files: [String: Int] = [:]
    for problem in problems where files[problem.file] == nil { files[problem.file] = files.count }
    func place(_ problem: SettingsProblem) -> (Int, Int, Int) {
      (files[problem.file] ?? 0, problem.line ?? 0, problem.column ?? 0)
    }
    let sorted = problems.sorted { place($0) < place($1) }
    self.problems = Array(sorted.prefix(Self.maxProblems))
    omitted = max(0, problems.count - Self.maxProblems)
  }

  /// One line a problem.
  package var description: String {
    problems.map(\.description).joined(separator: "\n") + (omitted > 0 ? "\n… and \(omitted) more" : "")
  }
}
