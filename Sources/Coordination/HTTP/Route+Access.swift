package import AccessTokens
import HTTPTypes
import IncidentModel

/// The routes by name, so that they can be walked: what each is for, but not for which incident.
package enum RouteKind: String, Sendable, CaseIterable {
  case incidents, incident, command, alerts, status, agents, stream, health, readiness, metrics
  case login, logout

  /// The route that a path leads to; `nil` where there is none.
  package init?(path: String) {
    guard let route = Route(path: path) else { return nil }
    self = route.kind
  }

  /// The smallest role that may use it, with any of its methods; `nil`: everybody, without a token.
  package var role: AccessRole? {
    switch self {
    case .incidents, .incident, .status, .agents, .stream, .metrics: .viewer
    case .command, .alerts: .operator
    // A supervisor has no token; the pages by which a browser gets its session can't ask for one.
    case .health, .readiness, .login, .logout: nil
    }
  }

  /// Paths that lead to it: at least one, and all that differ in what they do.
  package var examples: [String] {
    switch self {
    case .incidents: ["/aiops/incidents"]
    case .incident: ["/aiops/incidents/INC-00000001"]
    case .command: PersonVerb.Name.allCases.map { "/aiops/incidents/INC-00000001/\($0.rawValue)" }
    case .alerts: ["/aiops/alerts"]
    case .status: ["/aiops/status"]
    case .agents: ["/aiops/agents"]
    case .stream: ["/aiops/stream"]
    case .health: ["/healthz"]
    case .readiness: ["/readyz"]
    case .metrics: ["/metrics"]
    case .login: ["/login"]
    case .logout: ["/logout"]
    }
  }

  /// The methods that its paths take.
  package var methods: [String] {
    examples.first.flatMap { Route(path: $0) }?.methods.map(\.rawValue) ?? []
  }
}

extension Route {
  /// What it is. Exhaustive: a new route needs a kind, and so a role.
  var kind: RouteKind {
    switch self {
    case .incidents: .incidents
    case .incident: .incident
    case .command: .command
    case .alerts: .alerts
    case .status: .status
    case .agents: .agents
    case .stream: .stream
    case .health: .health
    case .readiness: .readiness
    case .metrics: .metrics
    case .login: .login
    case .logout: .logout
    }
  }
}
