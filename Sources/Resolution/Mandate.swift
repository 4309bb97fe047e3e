package import IncidentModel
package import Settings

/// Why a resolver refuses to touch anything.
package struct Refusal: Error, Sendable, Equatable, CustomStringConvertible {
  /// What is wrong and what to do about it, for people.
  package var description: String

  init(_ description: String) { self.description = description }
}

/// Decides whether a job may be worked on, from the resolver's own settings and not from what it is told.
package enum Mandate {
  /// The steps that may run, rendered from the resolver's own catalogue.
  ///
  /// The coordinator has asked the same questions before; asking them again here means that neither a
  /// mistake there, nor a config that differs between machines, nor a forged job makes anything run.
  /// - Throws: `Refusal` when the job has no remedy, the catalogue renders other steps than the
  ///   diagnosis holds, a target's autonomy does not allow it, or it is about another machine than `host`.
  package static func steps(
    for job: Job, under settings: SystemSettings, on host: String = hostName()
  ) throws(Refusal) -> [PlannedStep] {
    guard job.lease.kind == .resolve else {
      throw Refusal("a resolver takes no \(job.lease.kind.rawValue) jobs")
    }
    let incident = job.incident
    guard incident.status.isOpen else {
      throw Refusal("the incident is \(incident.status.rawValue); there is nothing to resolve")
    }
    guard let remedy = incident.diagnosis?.remedy else { throw Refusal("the diagnosis names no runbook") }
    guard let target = remedy.steps.first?.target else {
      throw Refusal("the remedy \(remedy.runbook) has no steps")
    }
    let steps = try render(remedy, target: target, settings)
    guard steps == remedy.steps else {
      throw Refusal(
        "runbook \(remedy.runbook) gives other steps here than the diagnosis holds; "
          + "give the diagnoser and the resolver the same config, then diagnose again")
    }
    guard incident.affectedSystems.contains(target) else {
      throw Refusal("the remedy works on \(target), which the incident is not about")
    }
    try permit(incident, on: target, settings)
    // What it would change and measure here is not what is wrong there.
    if let machine = incident.machine, machine != host,
      incident.affectedSystems.contains(where: { settings.isOfOneMachine($0) })
    {
      throw Refusal(
        "the trouble is on the machine \(PlainLine.of(machine, 80)), and this resolver works on \(host); "
          + "run a resolver there")
    }
    return steps
  }

  private static func render(
    _ remedy: Remedy, target: String, _ settings: SystemSettings
  ) throws(Refusal) -> [PlannedStep] {
    guard let runbook = settings.runbook(named: remedy.runbook) else {
      throw Refusal("there is no runbook \(PlainLine.of(remedy.runbook, 80)) in this resolver's catalogue")
    }
    do {
      return try runbook.render(remedy.parameters, target: target)
    } catch {
      throw Refusal("the remedy can't be rendered: \(error)")
    }
  }

  private static func permit(
    _ incident: Incident, on target: String, _ settings: SystemSettings
  ) throws(Refusal) {
    guard let source = settings.source(named: target) else {
      throw Refusal("this resolver knows no source \(PlainLine.of(target, 80)); add it to its config")
    }
    // The stricter of the two words counts.
    let words = [source.autonomy, incident.autonomy]
    if words.contains(.observe) {
      throw Refusal("\(target) is set to observe: people act there, not machines")
    }
    if words.contains(.suggest), incident.approved == nil {
      throw Refusal("\(target) is set to suggest and nobody has approved the remedy")
    }
  }
}

extension SystemSettings {
  /// Whether a source can be seen and changed from its own machine only.
  fileprivate func isOfOneMachine(_ name: String) -> Bool {
    if case .host? = source(named: name)?.kind { true } else { false }
  }
}
