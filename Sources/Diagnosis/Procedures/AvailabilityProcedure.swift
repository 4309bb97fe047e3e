import IncidentModel

/// A source that does not answer or answers with failure: what does it say to us, twice?
///
/// Asks the lightest tool of the kind. Concludes only when what came is clear: nothing listens, the name
/// is unknown, the password is refused, no connection is left, the URL answers with a server's error.
/// Where the config names a runbook for it, it is proposed only for what a new start can help: nothing listens,
/// nothing comes in time, or the server says that the fault is its own, and all answers are alike.
struct AvailabilityProcedure: Procedure {
  func question(_ dossier: Dossier) -> Question? {
    guard let tool = Self.tool(dossier.source.kind) else { return nil }
    let name = Shown.name(dossier.source.name)
    switch dossier.asked(tool) {
    case 0: return Question("Does \(name) answer, and what?", tool)
    case 1: return Question("Does \(name) still answer so in a moment?", tool, waitSeconds: 2)
    default: return nil
    }
  }

  private static func tool(_ kind: SourceFacts.Kind) -> Tool? {
    switch kind {
    case .host: .hostFullestMounts
    case .postgres: .postgresLimits
    case .redis: .cacheMemory
    case .http: .httpProbe
    case .prometheus: nil
    }
  }

  func candidates(_ dossier: Dossier) -> [Candidate] {
    if dossier.findings.contains(where: { $0.failure?.kind == .noConnectionLeft }) {
      return ConnectionProcedure.exhausted(dossier)
    }
    let words = dossier.findings.map { Self.word(for: $0, name: Shown.name(dossier.source.name)) }
    guard let last = words.last, let cause = last else { return [] }
    let alike = words.count { $0 == cause }
    return [
      Candidate(
        cause: cause, family: .availability,
        confidence: Confidence(explaining: Double(alike), of: Double(words.count)),
        evidence: dossier.findings.map(\.evidence) + dossier.symptomEvidence,
        proposal: alike == words.count ? Self.proposal(dossier) : nil,
        advice: Self.advice(for: dossier.findings.last))
    ]
  }

  private static func proposal(_ dossier: Dossier) -> Proposal? {
    guard let runbook = dossier.source.whenDown, dossier.findings.count > 1, let last = dossier.findings.last
    else { return nil }
    let helps =
      switch last.outcome {
      case .failed(let failure): failure.kind == .refused || failure.kind == .timedOut
      case .found(.answer(let probe)): !probe.isExpected && probe.status >= 500
      case .found: false
      }
    return helps ? Proposal(runbook: runbook, parameters: [:]) : nil
  }

  /// What a finding clearly says, or `nil`.
  private static func word(for finding: Finding, name: String) -> String? {
    switch finding.outcome {
    case .failed(let failure):
      switch failure.kind {
      case .refused:
        "Nothing answers at the address of \(name): it does not run, or cannot be reached from here"
      case .unknownHost: "The address of \(name) has a name that is not known"
      case .forbidden: "\(name) is there but refuses the user or password of the config"
      case .timedOut: "\(name) does not answer in time"
      case .noConnectionLeft, .notApplicable, .other: nil
      }
    case .found(.answer(let probe)):
      probe.isExpected
        ? "\(name) answers again, with status \(probe.status)"
        : "\(name) is reached but answers with status \(probe.status)"
    case .found: "\(name) answers again"
    }
  }

  private static func advice(for finding: Finding?) -> [String] {
    switch finding?.failure?.kind {
    case .refused: ["Start the service, or correct its address in the config"]
    case .unknownHost: ["Correct the name in the config, or see whether DNS works"]
    case .forbidden: ["Correct user and password in the config, or grant the right"]
    default: []
    }
  }
}

/// Trouble of no known family: looks at what the kind of source has to show, so that people find it
/// in the incident, and knows nothing.
struct GeneralProcedure: Procedure {
  func question(_ dossier: Dossier) -> Question? {
    for (tool, text) in Self.questions(dossier.source.kind) where dossier.asked(tool) == 0 {
      return Question(text, tool)
    }
    return nil
  }

  private static func questions(_ kind: SourceFacts.Kind) -> [(Tool, String)] {
    switch kind {
    case .postgres:
      [
        (.postgresSessions, "Who is connected, in which state?"),
        (.postgresBlockingChains, "Does anybody wait for a lock?"),
        (.postgresSlowestStatements, "What is slow?"),
      ]
    case .redis:
      [(.cacheMemory, "How full is the cache?"), (.cacheLargestKeys, "What is in it?")]
    case .host:
      [
        (.hostTopProcesses, "What keeps the machine busy?"),
        (.hostFullestMounts, "Which file systems are full?"),
      ]
    case .http: [(.httpProbe, "What does the URL answer?")]
    case .prometheus: []
    }
  }

  func candidates(_ dossier: Dossier) -> [Candidate] { [] }
}
