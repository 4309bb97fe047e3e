/// What the owner of an allowed key may be: a line `kind = "diagnoser"` of its file in the folder of allowed keys.
///
/// Who breaks into a machine with a diagnoser's key must not run runbooks with it.
package enum KeyKind: String, Hashable, Sendable, CaseIterable {
  case detector, diagnoser, resolver

  /// For messages: all of them.
  package static let choices = allCases.map(\.rawValue).joined(separator: ", ")
}
