/// How long a diagnosis may take.
package struct DiagnosisLimits: Sendable, Equatable {
  /// All in all; then it concludes with what it has.
  package var total = Duration.seconds(60)
  /// One tool, its waiting included.
  package var tool = Duration.seconds(10)

  /// The defaults.
  package init() {}
}
