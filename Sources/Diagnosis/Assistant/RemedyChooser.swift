import IncidentModel

/// Chooses the runbook of a diagnosis, or says why there is none.
///
/// Only from the catalogue, only for a clear culprit, and never beyond what the config declares: the
/// rendered steps are checked once more here, because a config may replace a built-in runbook.
struct RemedyChooser {
  /// A culprit less sure than this goes to people.
  static let minimumConfidence = 0.6
  /// A rival cause as near as this makes the culprit unclear.
  static let minimumLead = 0.05

  private let dossier: Dossier

  init(_ dossier: Dossier) { self.dossier = dossier }

  /// The remedy for a cause, and notes for people.
  func choose(_ candidate: Candidate, rival: Candidate?) -> (remedy: Remedy?, notes: [String]) {
    guard let proposal = candidate.proposal else { return (nil, []) }
    guard candidate.confidence.rounded >= Self.minimumConfidence else {
      return (nil, ["No runbook is proposed: the cause is not sure enough (\(candidate.confidence.rounded))"])
    }
    if let rival, candidate.confidence.value - rival.confidence.value < Self.minimumLead,
      rival.proposal?.runbook != proposal.runbook || rival.proposal?.parameters != proposal.parameters
    {
      return (nil, ["No runbook is proposed: another cause is as likely"])
    }
    guard let runbook = dossier.runbooks.first(where: { $0.name == proposal.runbook }) else {
      return (nil, ["The catalogue has no runbook named \(proposal.runbook)"])
    }
    let parameters = bounded(proposal, by: runbook)
    let steps: [PlannedStep]
    do {
      steps = try runbook.render(parameters, target: dossier.source.name)
    } catch {
      return (nil, ["No runbook is proposed: " + Shown.text("\(error)", limit: 200)])
    }
    for step in steps {
      if let objection = objection(to: step.action) {
        return (nil, ["No runbook is proposed: \(objection)"])
      }
    }
    return (Remedy(runbook: runbook.name, parameters: parameters, steps: steps), [])
  }

  /// The parameters within the runbook's own bounds; only numbers are moved, and the limit only down.
  private func bounded(_ proposal: Proposal, by runbook: Runbook) -> [String: ParameterValue] {
    var parameters = proposal.parameters
    if let limit = proposal.limit { parameters["limit"] = .number(max(1, limit.rounded(.down))) }
    for (name, value) in parameters {
      guard case .number(let number) = value, case .number(let bounds)? = runbook.parameters[name]?.kind
      else { continue }
      // An age or a time limit that was raised to the lower bound is the milder one.
      let nearest = name == "limit" ? min(number, bounds.upperBound) : max(number, bounds.lowerBound)
      parameters[name] = .number(nearest)
    }
    return parameters
  }

  /// Why an action goes beyond what may be done here, or `nil`.
  private func objection(to action: Action) -> String? {
    switch action {
    case .terminateBackends(let filter):
      return objection(to: filter)
        ?? (filter.state?.hasPrefix("idle in transaction") == true
          ? nil : "it would end sessions that are at work")
    case .cancelQueries(let filter): return objection(to: filter)
    case .clearCache(let filter):
      return dossier.source.clearable.contains(filter.pattern) && Glob.isSelective(filter.pattern)
        ? nil : "the config does not declare \(Shown.name(filter.pattern)) clearable"
    case .deleteFiles(let filter):
      guard let folder = dossier.source.folders.first(where: { $0.path == filter.folder }),
        folder.deletable.contains(filter.pattern)
      else { return "the config does not let \(Shown.name(filter.pattern)) be deleted there" }
      return filter.olderThanSeconds >= folder.keepSeconds
        ? nil : "the config keeps files for \(Figure.duration(folder.keepSeconds))"
    case .setTimeouts, .setPoolSize, .setMaxMemory, .runCommand, .httpRequest, .notify: return nil
    }
  }

  private func objection(to filter: SessionFilter) -> String? {
    guard let application = filter.application, Shown.isPlain(application, limit: 128) else {
      return "it would not name one application"
    }
    if let role = filter.role, !Shown.isPlain(role, limit: 128) { return "it would not name one role" }
    return dossier.source.isProtected(application)
      ? "application \(Shown.name(application)) is protected in the config" : nil
  }
}
