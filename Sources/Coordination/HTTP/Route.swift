import Dashboard
import Hummingbird
import IncidentModel

/// What a request asks for.
enum Route: Sendable, Equatable {
  case incidents
  /// `nil` for an id that can be nobody's.
  case incident(IncidentID?)
  case command(PersonVerb.Name, IncidentID?)
  case alerts, status, agents, stream, health, readiness, metrics
  /// How a browser gets a session, and ends it.
  case login, logout
  /// The dashboard: its first page, an incident's page, a person's word from a form, and what pages load.
  case overview
  case page(IncidentID?)
  case form(PersonVerb.Name, IncidentID?)
  case asset(Asset)

  /// The route of a path.
  init?(path: String) {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
    switch (parts.count, parts.first) {
    case (1, "healthz"): self = .health
    case (1, "readyz"): self = .readiness
    case (1, "metrics"): self = .metrics
    case (1, "login"): self = .login
    case (1, "logout"): self = .logout
    case (1, ""): self = .overview
    case (2, "incidents") where !parts[1].isEmpty: self = .page(IncidentID(parts[1]))
    case (3, "incidents") where !parts[1].isEmpty:
      guard let verb = PersonVerb.Name(rawValue: parts[2]) else { return nil }
      self = .form(verb, IncidentID(parts[1]))
    case (2, "assets"):
      guard let asset = Asset.at(path) else { return nil }
      self = .asset(asset)
    case (2, "aiops"):
      switch parts[1] {
      case "incidents": self = .incidents
      case "alerts": self = .alerts
      case "status": self = .status
      case "agents": self = .agents
      case "stream": self = .stream
      default: return nil
      }
    case (3, "aiops") where parts[1] == "incidents" && !parts[2].isEmpty:
      self = .incident(IncidentID(parts[2]))
    case (4, "aiops") where parts[1] == "incidents" && !parts[2].isEmpty:
      guard let verb = PersonVerb.Name(rawValue: parts[3]) else { return nil }
      self = .command(verb, IncidentID(parts[2]))
    default: return nil
    }
  }

  /// Whether only the coordinator that leads may answer it: what changes something, and who is connected to it.
  var isLeaders: Bool {
    switch self {
    case .command, .alerts, .agents: true
    default: false
    }
  }

  /// The methods it takes.
  var methods: [HTTPRequest.Method] {
    switch self {
    case .command, .alerts, .form, .logout: [.post]
    case .login: [.get, .head, .post]
    case .stream: [.get]
    default: [.get, .head]
    }
  }
}
