/// What is wrong with a key file or a folder of them, and what would be right. Never holds a secret.
package struct KeyError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The file or folder.
  package var file: String
  /// From 1; `nil` when the trouble is the file as a whole.
  package var line: Int?
  package var message: String
  /// Whether the machine could not look, so that nothing is known of the file.
  package var isUnknown: Bool

  /// An error; see the fields.
  package init(file: String, line: Int? = nil, message: String, isUnknown: Bool = false) {
    self.file = file
    self.line = line
    self.message = message
    self.isUnknown = isUnknown
  }

  package var description: String { file + (line.map { ":\($0)" } ?? "") + ": " + message }
}
