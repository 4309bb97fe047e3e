import FoundationEssentials
import HTTPTypes
package import IncidentModel
import Settings

/// A person's command: what, and out of its body who says so, and why.
package struct CommandInput: Sendable, Equatable {
  /// Bytes of ``by`` at most.
  package static let maxNameLength = 100
  /// Bytes of ``note`` at most.
  package static let maxNoteLength = 2048
  /// Who says so when nobody said who.
  static let nobody = "operator"

  /// What is said.
  package var verb: PersonVerb
  /// Who says so; `nil` when the body does not say.
  package var by: String?
  /// Why.
  package var note: String?

  /// Reads a body; an empty one says nothing more than the verb, which is too little for a snooze.
  static func parse(_ body: [UInt8], _ name: PersonVerb.Name) throws(Problem) -> CommandInput {
    let fields = body.isEmpty ? [:] : try JSONObject.parse(body, allowed: Set(Self.fields(of: name)))
    return try read(fields, name)
  }

  /// Reads the body of a form; a field that is left empty is not there.
  static func parse(form: [UInt8], _ name: PersonVerb.Name) throws(Problem) -> CommandInput {
    guard let text = String(validating: form, as: UTF8.self) else {
      throw Problem(.badRequest, "The form must be UTF-8.")
    }
    // One form has the fields of all verbs.
    let values = try QueryParameters(text, allowed: fields(of: .snooze))
    var given: [String: JSONValue] = [:]
    for field in fields(of: name) { given[field] = values[field].map { .string($0) } }
    return try read(given, name)
  }

  private static func fields(of name: PersonVerb.Name) -> [String] {
    ["by", "note"] + (name == .snooze ? ["for"] : [])
  }

  private static func read(_ fields: [String: JSONValue], _ name: PersonVerb.Name) throws(Problem)
    -> CommandInput
  {
    var checker = FieldChecker()
    var input = CommandInput(verb: verb(name, fields, &checker))
    if let by = checker.optionalText(fields["by"], at: "by", maxLength: maxNameLength, multiline: false) {
      if by.allSatisfy(\.isWhitespace) { checker.fail("by", "must not be empty") }
      if by.lowercased().contains("(token") {
        checker.fail("by", "must not name a token; whose token it was is added here")
      }
      input.by = by
    }
    input.note = checker.optionalText(
      fields["note"], at: "note", maxLength: maxNoteLength, multiline: true)
    if !checker.failures.isEmpty { throw .invalid(checker.failures) }
    return input
  }

  private static func verb(
    _ name: PersonVerb.Name, _ fields: [String: JSONValue], _ checker: inout FieldChecker
  ) -> PersonVerb {
    switch name {
    case .acknowledge: .acknowledge
    case .approve: .approve
    case .resolve: .resolve
    case .falsePositive: .falsePositive
    case .snooze:
      .snooze(checker.duration(fields["for"], at: "for", bounds: PersonVerb.snoozes) ?? .zero)
    }
  }
}
