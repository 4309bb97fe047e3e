/// The families of trouble that the built-in assistant knows.
package enum ProblemFamily: String, Codable, Sendable, CaseIterable {
  case connectionPool = "connection_pool"
  case memory, cpu, disk
  case slowQueries = "slow_queries"
  /// A source that does not answer, or answers with failure.
  case availability

  /// What can be done about it, for people, in the order to try.
  package var remedies: [String] {
    switch self {
    case .connectionPool:
      [
        "Increase the database's connection pool", "Terminate long-running queries",
        "Enable connection timeouts", "Scale database replicas",
      ]
    case .memory:
      ["Clear cache", "Stop non-critical services", "Scale up servers", "Enable memory limits"]
    case .cpu:
      [
        "Stop batch jobs", "Reduce concurrent tasks", "Scale horizontally", "Optimise hot paths",
      ]
    case .disk:
      [
        "Delete old logs", "Archive backups", "Clean temporary files", "Expand storage",
      ]
    case .slowQueries:
      [
        "Terminate long-running queries", "Enable statement timeouts",
        "Add the index the statement misses", "Scale database replicas",
      ]
    case .availability: ProblemFamily.unknownRemedies
    }
  }

  /// What to do when no family matched.
  package static let unknownRemedies = [
    "Investigate further", "Escalate to the on-call engineer",
  ]

  /// The family that a metric's name belongs to, or `nil`.
  ///
  /// Signals of one target and one family within the correlation window make one incident.
  package init?(metric: String) {
    // Asked of every new incident: bytes are found some twenty times as fast as Characters.
    let name = Array(metric.lowercased().utf8)
    func has(_ words: StaticString...) -> Bool { words.contains { Self.find($0, in: name) } }
    if has("slow_quer", "longest_query") {
      self = .slowQueries
    } else if has("connection", "idle_in_transaction", "longest_transaction", "pool") {
      self = .connectionPool
    } else if has("disk", "filesystem", "folder", "storage") {
      self = .disk
    } else if has("memory", "evict", "cache_used", "swap") {
      self = .memory
    } else if has("cpu", "load_per_core", "load_average") {
      self = .cpu
    } else if has("source_up", "http_status", "http_up") {
      self = .availability
    } else {
      return nil
    }
  }

  private static func find(_ word: StaticString, in name: [UInt8]) -> Bool {
    word.withUTF8Buffer { word in
      guard word.count <= name.count else { return false }
      return (0...(name.count - word.count)).contains { start in
        word.indices.allSatisfy { name[start + $0] == word[$0] }
      }
    }
  }
}

/// Something seen that speaks for a cause, with how to see it again.
package struct Evidence: Hashable, Sendable, Codable {
  /// What was seen, with its figures.
  package var statement: String
  /// The query or reading that gave it, to be run again by hand.
  package var query: String
  /// The tool that ran it, e.g. `postgres.sessions`.
  package var tool: String
  /// When it was seen.
  package var observedAt: Timestamp

  /// A piece of evidence; see the fields.
  package init(statement: String, query: String, tool: String, observedAt: Timestamp) {
    self.statement = statement
    self.query = query
    self.tool = tool
    self.observedAt = observedAt
  }
}

/// One possible cause.
package struct Hypothesis: Hashable, Sendable, Codable {
  /// The cause, with its figures.
  package var cause: String
  /// The family it belongs to, where one is known.
  package var family: ProblemFamily?
  /// How sure the assistant is, 0…1.
  package var confidence: Double
  /// What speaks for it.
  package var evidence: [Evidence]

  /// A hypothesis; see the fields.
  package init(cause: String, family: ProblemFamily?, confidence: Double, evidence: [Evidence]) {
    self.cause = cause
    self.family = family
    self.confidence = confidence
    self.evidence = evidence
  }
}

/// What a diagnoser found: ranked hypotheses, the first of which is the answer, and what to do.
package struct Diagnosis: Hashable, Sendable, Codable {
  /// From the most to the least likely; never empty.
  package var hypotheses: [Hypothesis]
  /// The runbook to run, where one fits; `nil` hands the incident to people.
  package var remedy: Remedy?
  /// What people can do, in words.
  package var recommendations: [String]

  /// A diagnosis; see the fields.
  package init(hypotheses: [Hypothesis], remedy: Remedy?, recommendations: [String]) {
    self.hypotheses = hypotheses
    self.remedy = remedy
    self.recommendations = recommendations
  }

  /// The most likely cause, for people.
  package var rootCause: String { hypotheses.first?.cause ?? Diagnosis.unknownCause }
  /// How sure the assistant is of ``rootCause``, 0…1.
  package var confidence: Double { hypotheses.first?.confidence ?? 0 }

  /// The cause that is given when none was found.
  package static let unknownCause = "Investigate further: no known cause matches what was seen"

  /// The diagnosis of somebody who knows nothing.
  package static func unknown(evidence: [Evidence]) -> Diagnosis {
    Diagnosis(
      hypotheses: [
        Hypothesis(cause: unknownCause, family: nil, confidence: 0, evidence: evidence)
      ], remedy: nil, recommendations: ProblemFamily.unknownRemedies)
  }
}

/// The runbook that a diagnosis chose, its parameters, and the steps that come of them.
package struct Remedy: Hashable, Sendable, Codable {
  /// The runbook's name in the catalogue.
  package var runbook: String
  /// The parameters that fill it.
  package var parameters: [String: ParameterValue]
  /// What would run, rendered; a resolver renders its own and refuses if they differ.
  package var steps: [PlannedStep]

  /// A remedy; see the fields.
  package init(runbook: String, parameters: [String: ParameterValue], steps: [PlannedStep]) {
    self.runbook = runbook
    self.parameters = parameters
    self.steps = steps
  }
}

/// One exchange of the dialogue: what the assistant asked, what the investigator found.
package struct Exchange: Hashable, Sendable, Codable {
  /// Exchanges of one diagnosis at the most.
  package static let limit = 5

  /// 1…``limit``.
  package var number: Int
  /// What the assistant wants to know, and why.
  package var question: String
  /// The read-only tool that the investigator ran.
  package var tool: String
  /// The query or reading behind it.
  package var query: String
  /// What came of it, for people.
  package var finding: String
  /// When it was found.
  package var at: Timestamp

  /// An exchange; see the fields.
  package init(
    number: Int, question: String, tool: String, query: String, finding: String, at: Timestamp
  ) {
    self.number = number
    self.question = question
    self.tool = tool
    self.query = query
    self.finding = finding
    self.at = at
  }
}
