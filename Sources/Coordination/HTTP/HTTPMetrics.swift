import Observability

/// Why a request or a connection was refused or cut.
enum HTTPRefusal: String, Sendable, CaseIterable {
  /// No token, or one that is worth nothing.
  case unauthenticated
  /// The token's role is too small.
  case forbidden
  /// The Host header, or a web page of another site.
  case crossSite = "cross_site"
  /// Too many requests of one client.
  case rate
  /// Too many tokens that are worth nothing, or attempts to log in, from one address.
  case attempts
  /// Too many connections of one address.
  case connections
  /// Too many streams, of one client or altogether.
  case streams
  /// A body that is too large.
  case bodySize = "body_size"
  /// A body that did not come in time.
  case slowBody = "slow_body"
  /// A head that did not come in time.
  case slowHeader = "slow_header"
  /// A reader that takes nothing.
  case slowReader = "slow_reader"
  /// What is no HTTP, or has too large a head.
  case unreadable
}

/// What the HTTP API counts, for `/metrics`.
struct HTTPMetrics: Sendable {
  private let registry = MetricsRegistry()
  private let refused: MetricFamily
  private let requests: MetricFamily
  private let connections: MetricFamily
  private let streams: MetricFamily
  private let sessions: MetricFamily
  private let reloads: MetricFamily

  init() {
    refused = registry.counter(
      "aiops_http_requests_refused_total", "Requests and connections refused or cut, by why.",
      labels: ["reason"])
    requests = registry.counter(
      "aiops_http_requests_total", "Requests answered, by the class of their status.", labels: ["status"])
    connections = registry.gauge("aiops_http_connections", "Connections to the HTTP API.")
    streams = registry.gauge("aiops_http_streams", "Streams of changes that are open.")
    sessions = registry.gauge("aiops_http_sessions", "Browsers that logged in.")
    reloads = registry.counter(
      "aiops_http_reloads_total", "Times that tokens or certificates were read again, by outcome.",
      labels: ["what", "outcome"])
    // There from the start, so that a rate over them is right.
    for reason in HTTPRefusal.allCases { refused.add(0, reason.rawValue) }
    for what in ["tokens", "tls"] { for outcome in ["reloaded", "broken"] { reloads.add(0, what, outcome) } }
  }

  /// Counts what was refused or cut.
  func refuse(_ reason: HTTPRefusal) { refused.add(1, reason.rawValue) }

  /// Counts an answer.
  func answered(_ status: Int) { requests.add(1, "\(status / 100)xx") }

  /// Counts a look at files that had changed.
  func reloaded(_ what: String, isBroken: Bool) { reloads.add(1, what, isBroken ? "broken" : "reloaded") }

  /// All of it in Prometheus's text format, with the gauges as they are now.
  func text(connections connectionCount: Int, streams streamCount: Int, sessions sessionCount: Int) -> String
  {
    connections.set(Double(connectionCount))
    streams.set(Double(streamCount))
    sessions.set(Double(sessionCount))
    return registry.exposition()
  }
}
