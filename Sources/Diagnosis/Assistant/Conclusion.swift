import IncidentModel

/// Turns a procedure's candidates into a diagnosis: weighs the past, ranks, and chooses the remedy.
struct Conclusion {
  /// Hypotheses kept at the most.
  static let maxHypotheses = 4
  /// Pieces of evidence of one hypothesis at the most.
  static let maxEvidence = 12
  /// Earlier incidents that are mentioned at the most.
  static let maxPast = 3

  private let dossier: Dossier

  init(_ dossier: Dossier) { self.dossier = dossier }

  /// The diagnosis; unknown, with all that was found, without a candidate.
  func diagnosis(of candidates: [Candidate]) -> Diagnosis {
    let ranked = candidates.map(weighed).filter { $0.confidence.value > 0 }.sorted {
      $0.confidence > $1.confidence
    }
    guard let first = ranked.first else { return unknown }
    let choice = RemedyChooser(dossier).choose(first, rival: ranked.dropFirst().first)
    return Diagnosis(
      hypotheses: ranked.prefix(Self.maxHypotheses).map { candidate in
        Hypothesis(
          cause: Shown.text(candidate.cause, limit: 600), family: candidate.family,
          confidence: candidate.confidence.rounded,
          evidence: Array((candidate.evidence + pastEvidence).prefix(Self.maxEvidence)))
      }, remedy: choice.remedy,
      recommendations: distinct(choice.notes + first.advice + first.family.remedies))
  }

  private var unknown: Diagnosis {
    let found = dossier.findings.map(\.evidence)
    return .unknown(
      evidence: Array((found + dossier.symptomEvidence + pastEvidence).prefix(Self.maxEvidence)))
  }

  /// What ended the same trouble before speaks for the cause; that it was nothing before speaks against it.
  private func weighed(_ candidate: Candidate) -> Candidate {
    var candidate = candidate
    let past = dossier.history.prefix(Self.maxPast)
    if past.contains(where: { $0.end == .falsePositive }) {
      candidate.confidence.weighHistory(false)
    }
    if let runbook = candidate.proposal?.runbook,
      past.contains(where: { $0.end == .resolved(runbook: runbook) })
    {
      candidate.confidence.weighHistory(true)
    }
    return candidate
  }

  private var pastEvidence: [Evidence] {
    dossier.history.prefix(Self.maxPast).map { past in
      let end =
        switch past.end {
        case .resolved(let runbook?): "was resolved by \(Shown.name(runbook))"
        case .resolved(nil): "was resolved without a runbook"
        case .falsePositive: "was marked as a false positive"
        case .escalated: "went to people"
        }
      return Evidence(
        statement: "earlier incident \(past.id) about the same series \(end)",
        query: "aiopsctl incidents show \(past.id)", tool: "history", observedAt: past.detectedAt)
    }
  }

  private func distinct(_ texts: [String]) -> [String] {
    var seen: Set<String> = []
    return texts.filter { seen.insert($0).inserted }
  }
}
