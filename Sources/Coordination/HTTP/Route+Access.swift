package import AccessTokens
import Dashboard
import HTTPTypes
import IncidentModel

/// The routes by name, so that they can be walked: what each is for, but not for which incident.
package enum RouteKind: String, Sendable, CaseIterable {
  case incidents, incident, command, alerts, status, agents, stream, health, readiness, metrics
  case login, logout
  case overview, page, form, asset

  /// The route that a path leads to; `nil` where there is none.
  package init?(path: String) {
    guard let route = Route(path: path) else { return nil }
    self = route.kind
  }

  /// The smallest role that may use it, with any of its methods; `nil`: everybody, without a token.
  package var role: AccessRole? {
    switch self {
    case .incidents, .incident, .status, .agents, .stream, .metrics, .overview, .page: .viewer
    case .command, .alerts, .form: .operator
    // A supervisor has no token; the pages by which a browser gets its session can't ask for one.
    // What pages load is the same for all and says nothing.
    case .health, .readiness, .login, .logout, .asset: nil
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
    case .overview: ["/"]
    case .page: ["/incidents/INC-00000001"]
    case .form: PersonVerb.Name.allCases.map { "/incidents/INC-00000001/\($0.rawValue)" }
    case .asset: Asset.all.map(\.path)
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
    case .overview: .overview
    case .page: .page
    case .form: .form
    case .asset: .asset
    }
  }
}
