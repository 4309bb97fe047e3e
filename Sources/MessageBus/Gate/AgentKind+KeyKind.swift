package import BusKeys
package import IncidentModel

extension AgentKind {
  /// What the owner of a key of that kind is. Every kind has one: a key never may be more than its file says.
  package init(_ kind: KeyKind) {
    self =
      switch kind {
      case .detector: .detector
      case .diagnoser: .diagnoser
      case .resolver: .resolver
      }
  }
}
