/// The version that every executable of the system answers with.
package enum AIOpsVersion {
  /// Semantic version of the system.
  package static let current = "0.1.0"
}
