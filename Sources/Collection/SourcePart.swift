package import Settings

extension SourceSettings {
  /// The source with those of its queries alone whose metrics are named.
  package func part(_ metrics: Set<String>) -> SourceSettings {
    guard case .prometheus(var settings) = kind else { return self }
    var part = self
    settings.queries.removeAll { !metrics.contains($0.metric) }
    part.kind = .prometheus(settings)
    return part
  }

  /// The source with one of its queries; `nil` when it has none of that metric.
  package func part(query metric: String) -> SourceSettings? {
    guard case .prometheus(let settings) = kind, settings.queries.contains(where: { $0.metric == metric })
    else { return nil }
    return part([metric])
  }

  /// Why a symptom can't be looked at on this machine; `nil` when it can.
  /// - Parameters:
  ///   - machine: the machine that the symptom is of; `nil` when nothing says.
  ///   - host: this machine.
  package func objection(toMachine machine: String?, on host: String) -> String? {
    guard case .host = kind, let machine, machine != host else { return nil }
    return "the trouble with \(name) is on the machine " + machine.debugDescription
  }
}
