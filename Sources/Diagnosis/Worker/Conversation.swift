import IncidentModel
import MessageBus

/// The dialogue of assistant and investigator about one incident.
struct Conversation {
  let assistant: any Assistant
  let investigator: any Investigator
  let limits: DiagnosisLimits
  let reporter: any JobReporter
  let lease: Lease

  /// Asks and looks until the assistant concludes, at most ``Exchange/limit`` times, and states each
  /// exchange before the next one begins.
  func run(_ start: Dossier) async throws(LeaseError) -> Diagnosis {
    var dossier = start
    let end = ContinuousClock.now + limits.total
    while true {
      let left = end - ContinuousClock.now
      dossier.mayAsk = dossier.findings.count < Exchange.limit && left > .zero
      guard case .ask(let question, let call) = assistant.next(dossier) else { break }
      // An assistant that goes on asking has nothing to say.
      guard dossier.mayAsk else { return .unknown(evidence: dossier.findings.map(\.evidence)) }
      let finding = await investigator.run(call, within: min(left, limits.tool))
      if Task.isCancelled { throw .lost(reason: "the diagnosis was cancelled") }
      dossier.findings.append(finding)
      try await reporter.exchanged(
        Exchange(
          number: dossier.findings.count, question: Shown.text(question, limit: 400),
          tool: call.tool.rawValue, query: finding.query, finding: finding.summary,
          at: finding.observedAt), on: lease)
    }
    guard case .conclude(let diagnosis) = assistant.next(dossier) else {
      return .unknown(evidence: dossier.findings.map(\.evidence))
    }
    return diagnosis
  }
}
