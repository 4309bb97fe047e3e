import FoundationEssentials
import IncidentModel

/// The optional body of a person's command: who says so, and why.
package struct CommandInput: Sendable, Equatable {
  /// Bytes of ``by`` at most.
  package static let maxNameLength = 100
  /// Bytes of ``note`` at most.
  package static let maxNoteLength = 2048
  /// Who says so when nobody said who.
  static let nobody = "operator"

  /// Who says so.
  package var by = nobody
  /// Why.
  package var note: String?

  /// Reads a body; an empty one says nothing.
  static func parse(_ body: [UInt8]) throws(Problem) -> CommandInput {
    guard !body.isEmpty else { return CommandInput() }
    let fields = try JSONObject.parse(body, allowed: ["by", "note"])
    var input = CommandInput()
    var checker = FieldChecker()
    if let by = checker.optionalText(fields["by"], at: "by", maxLength: maxNameLength, multiline: false) {
      if by.allSatisfy(\.isWhitespace) { checker.fail("by", "must not be empty") }
      input.by = by
    }
    input.note = checker.optionalText(
      fields["note"], at: "note", maxLength: maxNoteLength, multiline: true)
    if !checker.failures.isEmpty { throw .invalid(checker.failures) }
    return input
  }
}
