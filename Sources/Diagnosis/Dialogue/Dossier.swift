package import IncidentModel
package import Settings

/// Everything the assistant knows when it is asked for its next turn.
package struct Dossier: Sendable {
  /// The incident as it was leased.
  package var incident: Incident
  /// What the config says about its source.
  package var source: SourceFacts
  /// The catalogue that a remedy is chosen from.
  package var runbooks: [Runbook]
  /// What was found so far, in the order it was asked.
  package var findings: [Finding]
  /// Earlier incidents about the same series, the latest first.
  package var history: [PastIncident]
  /// Whether another question may be asked: exchanges and time are left.
  package var mayAsk: Bool

  /// A dossier; see the fields.
  package init(
    incident: Incident, source: SourceFacts, runbooks: [Runbook], findings: [Finding] = [],
    history: [PastIncident] = [], mayAsk: Bool = true
  ) {
    self.incident = incident
    self.source = source
    self.runbooks = runbooks
    self.findings = findings
    self.history = history
    self.mayAsk = mayAsk
  }

  /// The symptom to explain: the worst that is not over, the earliest of equals.
  package var symptom: Signal? {
    let open = incident.symptoms.filter { !$0.isCleared }
    let candidates = open.isEmpty ? incident.symptoms : open
    var worst: Signal?
    for symptom in candidates where worst.map({ symptom.latest.severity > $0.severity }) ?? true {
      worst = symptom.latest
    }
    return worst
  }

  /// The latest answer of a tool.
  func finding(_ tool: Tool) -> Finding? { findings.last { $0.call.tool == tool } }

  /// The latest answer of a tool that was not a failure.
  func found(_ tool: Tool) -> Finding? {
    findings.last { $0.call.tool == tool && $0.result != nil }
  }

  /// How often a tool was asked.
  func asked(_ tool: Tool) -> Int { findings.count { $0.call.tool == tool } }

  /// The symptoms as evidence: what the detectors and monitors stated.
  var symptomEvidence: [Evidence] {
    incident.symptoms.prefix(5).map { symptom in
      let signal = symptom.latest
      return Evidence(
        statement: Shown.text(
          "\(signal.metric) was \(Figure.value(signal.value, unit: signal.unit)), \(signal.rule.text)",
          limit: 300),
        query: Shown.text(signal.fingerprint.text, limit: 300), tool: "signal",
        observedAt: signal.observedAt)
    }
  }
}

/// What the config says about the source of an incident, as far as a diagnosis depends on it.
/// Addresses and passwords are no part of it.
package struct SourceFacts: Hashable, Sendable {
  /// What is behind the source.
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    case host, postgres, redis, prometheus, http
  }

  /// The source's name.
  package var name: String
  /// What is behind it.
  package var kind: Kind
  /// How far a resolver may go.
  package var autonomy: Autonomy
  /// Applications whose sessions are never ended nor cancelled.
  package var protectedApplications: [String]
  /// Globs of keys that runbooks may delete.
  package var clearable: [String]
  /// Folders that runbooks may clean.
  package var folders: [DeclaredFolder]
  /// The runbook that the config names for when it does not answer.
  package var whenDown: String?

  /// A folder that the config declares.
  package struct DeclaredFolder: Hashable, Sendable {
    package var path: String
    package var budgetBytes: Int64?
    package var deletable: [String]
    package var keepSeconds: Double

    /// A folder; see `FolderSettings`.
    package init(path: String, budgetBytes: Int64?, deletable: [String], keepSeconds: Double) {
      self.path = path
      self.budgetBytes = budgetBytes
      self.deletable = deletable
      self.keepSeconds = keepSeconds
    }
  }

  /// Facts; see the fields.
  package init(
    name: String, kind: Kind, autonomy: Autonomy = .suggest, protectedApplications: [String] = [],
    clearable: [String] = [], folders: [DeclaredFolder] = [], whenDown: String? = nil
  ) {
    self.name = name
    self.kind = kind
    self.autonomy = autonomy
    self.protectedApplications = protectedApplications
    self.clearable = clearable
    self.folders = folders
    self.whenDown = whenDown
  }

  /// The facts of a configured source.
  package init(_ settings: SourceSettings) {
    self.init(
      name: settings.name, kind: .host, autonomy: settings.autonomy, whenDown: settings.whenDown)
    switch settings.kind {
    case .host(let host):
      folders = host.folders.map {
        DeclaredFolder(
          path: $0.path, budgetBytes: $0.budgetBytes, deletable: $0.deletable,
          keepSeconds: $0.keepSeconds)
      }
    case .postgres(let postgres):
      kind = .postgres
      protectedApplications = postgres.protectedApplications
    case .redis(let redis):
      kind = .redis
      clearable = redis.clearable
    case .prometheus: kind = .prometheus
    case .http: kind = .http
    }
  }

  /// Whether sessions of `application` must be left alone: those the config protects and the
  /// system's own. Case and surrounding blanks don't matter: in doubt it is protected.
  package func isProtected(_ application: String) -> Bool {
    func plain(_ text: String) -> String {
      String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()).lowercased()
    }
    let name = plain(application)
    if name.hasPrefix("aiops") { return true }
    return protectedApplications.contains { plain($0) == name }
  }
}
