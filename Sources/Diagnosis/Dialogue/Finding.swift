package import IncidentModel

/// What came of one use of a tool.
package struct Finding: Hashable, Sendable {
  /// The two ways it can end. A failure is a finding too, and the dialogue goes on.
  package enum Outcome: Hashable, Sendable {
    case found(ToolResult)
    case failed(ToolFailure)
  }

  /// What was asked.
  package var call: ToolCall
  /// The exact query or reading, to be run again by hand.
  package var query: String
  /// When it was answered.
  package var observedAt: Timestamp
  /// What came of it.
  package var outcome: Outcome

  /// A finding; see the fields.
  package init(call: ToolCall, query: String, observedAt: Timestamp, outcome: Outcome) {
    self.call = call
    self.query = query
    self.observedAt = observedAt
    self.outcome = outcome
  }

  /// What was found; `nil` when the tool failed.
  package var result: ToolResult? {
    if case .found(let result) = outcome { result } else { nil }
  }

  /// Why nothing was found; `nil` when something was.
  package var failure: ToolFailure? {
    if case .failed(let failure) = outcome { failure } else { nil }
  }

  /// For people: the finding in one or a few lines, bounded, without control characters.
  package var summary: String {
    switch outcome {
    case .found(let result): Shown.text(result.summary, limit: 1500)
    case .failed(let failure): "could not be asked: " + Shown.text(failure.message, limit: 300)
    }
  }

  /// This finding as evidence for `statement`.
  package func evidence(_ statement: String) -> Evidence {
    Evidence(statement: statement, query: query, tool: call.tool.rawValue, observedAt: observedAt)
  }

  /// This finding as evidence for itself.
  package var evidence: Evidence { evidence(summary) }
}

/// What a tool found, typed by tool.
package enum ToolResult: Hashable, Sendable {
  case sessions(SessionsResult)
  case transactions(TransactionsResult)
  case blocking(BlockingResult)
  case statements(StatementsResult)
  case limits(LimitsResult)
  case cacheMemory(CacheMemoryResult)
  case keys(KeysResult)
  case processes(ProcessesResult)
  case mounts(MountsResult)
  case folders(FoldersResult)
  case answer(ProbeResult)

  /// For people.
  var summary: String {
    switch self {
    case .sessions(let result): result.summary
    case .transactions(let result): result.summary
    case .blocking(let result): result.summary
    case .statements(let result): result.summary
    case .limits(let result): result.summary
    case .cacheMemory(let result): result.summary
    case .keys(let result): result.summary
    case .processes(let result): result.summary
    case .mounts(let result): result.summary
    case .folders(let result): result.summary
    case .answer(let result): result.summary
    }
  }
}

/// Why a tool found nothing.
package struct ToolFailure: Hashable, Sendable {
  /// What kind of trouble, as far as it changes what to think.
  package enum Kind: String, Hashable, Sendable, CaseIterable {
    /// The server has no connection left (SQLSTATE 53300).
    case noConnectionLeft
    /// Nothing listens there, or no way leads there.
    case refused
    /// The name is not known.
    case unknownHost
    /// The server did not answer in time.
    case timedOut
    /// The user or password was not accepted, or the right is missing.
    case forbidden
    /// The source has no such tool.
    case notApplicable
    /// Anything else.
    case other
  }

  /// What kind of trouble.
  package var kind: Kind
  /// For people; holds no secret.
  package var message: String

  /// A failure; see the fields.
  package init(kind: Kind, message: String) {
    self.kind = kind
    self.message = message
  }
}
