import Collection
import FoundationEssentials
package import IncidentModel
package import Logging
package import MessageBus
package import Settings

/// Takes diagnose jobs: finds the incident's source in the config and holds the dialogue about it.
package struct DiagnosisWorker: JobWorker {
  /// Earlier incidents that are looked up.
  static let maxHistory = 5

  package let kind = JobKind.diagnose
  private let settings: SystemSettings
  private let assistant: any Assistant
  private let history: (any IncidentHistory)?
  private let limits: DiagnosisLimits
  private let host: String
  private let investigator: @Sendable (SourceSettings) -> any Investigator
  private let logger: Logger

  /// A worker.
  ///
  /// - Parameters:
  ///   - settings: the sources and the catalogue.
  ///   - assistant: who thinks.
  ///   - history: what is remembered of earlier incidents; `nil` for nothing.
  ///   - limits: how long it may take.
  ///   - host: this machine's name; trouble of another one can't be looked at.
  ///   - investigator: who looks at a source; `nil` for the real one.
  ///   - logger: says what was concluded.
  package init(
    settings: SystemSettings, assistant: any Assistant = BuiltInAssistant(),
    history: (any IncidentHistory)? = nil, limits: DiagnosisLimits = DiagnosisLimits(),
    host: String = hostName(), investigator: (@Sendable (SourceSettings) -> any Investigator)? = nil,
    logger: Logger
  ) {
    self.settings = settings
    self.assistant = assistant
    self.history = history
    self.limits = limits
    self.host = host
    self.logger = logger
    self.investigator =
      investigator
      ?? { source in
        SourceInvestigator(
          source, toolTimeout: limits.tool, now: { Timestamp(seconds: Date().timeIntervalSince1970) })
      }
  }

  package func perform(_ job: Job, reporter: any JobReporter) async throws(LeaseError) -> JobResult {
    var logger = logger
    logger[metadataKey: "incident_id"] = "\(job.incident.id)"
    guard job.lease.kind == .diagnose else {
      return .failed(reason: "a diagnoser takes no \(job.lease.kind.rawValue) jobs")
    }
    guard let source = job.incident.target.flatMap({ settings.source(named: $0) }) else {
      logger.notice("no configured source for the incident's target")
      return .diagnosed(unknownTarget(job.incident))
    }
    if let reason = source.objection(toMachine: job.incident.machine, on: host) {
      logger.notice("the incident is about another machine")
      return .failed(reason: "\(reason), and this diagnoser looks at \(host); run a diagnoser there")
    }
    let past = await history?.earlier(like: job.incident, limit: Self.maxHistory) ?? []
    let investigator = investigator(source)
    let dossier = Dossier(
      incident: job.incident, source: SourceFacts(source), runbooks: settings.runbooks, history: past)
    let conversation = Conversation(
      assistant: assistant, investigator: investigator, limits: limits, reporter: reporter, lease: job.lease)
    do {
      let diagnosis = try await conversation.run(dossier)
      await investigator.close()
      logger.info(
        "diagnosed: \(diagnosis.rootCause)",
        metadata: [
          "confidence": "\(diagnosis.confidence)", "runbook": "\(diagnosis.remedy?.runbook ?? "none")",
        ])
      return .diagnosed(diagnosis)
    } catch {
      await investigator.close()
      throw error
    }
  }

  /// Nothing can be asked; people learn what is missing.
  private func unknownTarget(_ incident: Incident) -> Diagnosis {
    let known = settings.sources.map { Shown.name($0.name) }.prefix(10).joined(separator: ", ")
    let names = known.isEmpty ? "it has none" : "it has \(known)"
    let file = settings.file.map { Shown.text($0, limit: 200) } ?? "the built-in defaults"
    let dossier = Dossier(
      incident: incident, source: SourceFacts(name: "", kind: .prometheus), runbooks: [], mayAsk: false)
    var diagnosis = Diagnosis.unknown(evidence: dossier.symptomEvidence)
    let missing =
      incident.target.map { target in
        "Add a source named \(Shown.name(target)) to sources in \(file) of the diagnoser, so that it can be "
          + "looked at; \(names)"
      }
      ?? "Nothing says which system the incident is about: give the alert a resource that is a source's name "
      + "in \(file); \(names)"
    diagnosis.recommendations.insert(missing, at: 0)
    return diagnosis
  }
}
