import IncidentModel

extension PBAction: WirePart {
  init(_ action: Action) {
    kind =
      switch action {
      case .terminateBackends(let filter): .terminateBackends(PBSessionFilter(filter))
      case .cancelQueries(let filter): .cancelQueries(PBSessionFilter(filter))
      case .setTimeouts(let settings): .setTimeouts(PBTimeoutSettings(settings))
      case .setPoolSize(let size): .setPoolSize(PBPoolSize(size))
      case .clearCache(let filter): .cacheClear(PBKeyFilter(filter))
      case .setMaxMemory(let limit): .setMaxMemory(PBMemoryLimit(limit))
      case .deleteFiles(let filter): .deleteFiles(PBFileFilter(filter))
      case .runCommand(let call): .runCommand(PBCommandCall(call))
      case .httpRequest(let call): .httpRequest(PBEndpointCall(call))
      case .notify(let notice): .notify(PBNotice(notice))
      }
  }

  func model() throws(WireError) -> Action {
    switch kind {
    case .terminateBackends(let filter): .terminateBackends(try filter.model())
    case .cancelQueries(let filter): .cancelQueries(try filter.model())
    case .setTimeouts(let settings): .setTimeouts(try settings.model())
    case .setPoolSize(let size): .setPoolSize(try size.model())
    case .cacheClear(let filter): .clearCache(try filter.model())
    case .setMaxMemory(let limit): .setMaxMemory(try limit.model())
    case .deleteFiles(let filter): .deleteFiles(try filter.model())
    case .runCommand(let call): .runCommand(try call.model())
    case .httpRequest(let call): .httpRequest(try call.model())
    case .notify(let notice): .notify(try notice.model())
    case nil: throw .missing(field: "action.kind")
    }
  }
}

// The texts of an action are never cut: an action that was cut would be another action.

extension PBSessionFilter: WirePart {
  init(_ filter: SessionFilter) {
    if let state = filter.state { self.state = state }
    if let application = filter.application { self.application = application }
    if let role = filter.role { self.role = role }
    olderThanSeconds = filter.olderThanSeconds
    limit = Int64(filter.limit)
  }

  func model() throws(WireError) -> SessionFilter {
    SessionFilter(
      state: hasState ? try WireRules.word(state, "session_filter.state") : nil,
      application: hasApplication ? try WireRules.word(application, "session_filter.application") : nil,
      role: hasRole ? try WireRules.word(role, "session_filter.role") : nil,
      olderThanSeconds: try WireRules.amount(olderThanSeconds, "session_filter.older_than_seconds"),
      limit: try WireRules.count(limit, "session_filter.limit"))
  }
}

extension PBTimeoutSettings: WirePart {
  init(_ settings: TimeoutSettings) {
    role = settings.role
    if let seconds = settings.statementSeconds { statementSeconds = seconds }
    if let seconds = settings.idleInTransactionSeconds { idleInTransactionSeconds = seconds }
  }

  // An undo says by a negative limit that the role had none of its own.
  func model() throws(WireError) -> TimeoutSettings {
    TimeoutSettings(
      role: try WireRules.name(role, "timeouts.role"),
      statementSeconds: hasStatementSeconds
        ? try WireRules.finite(statementSeconds, "timeouts.statement_seconds") : nil,
      idleInTransactionSeconds: hasIdleInTransactionSeconds
        ? try WireRules.finite(idleInTransactionSeconds, "timeouts.idle_in_transaction_seconds") : nil)
  }
}

extension PBPoolSize: WirePart {
  init(_ pool: PoolSize) {
    database = pool.database
    size = Int64(pool.size)
  }

  func model() throws(WireError) -> PoolSize {
    PoolSize(
      database: try WireRules.name(database, "pool.database"),
      size: try WireRules.count(size, "pool.size"))
  }
}

extension PBKeyFilter: WirePart {
  init(_ filter: KeyFilter) {
    pattern = filter.pattern
    limit = Int64(filter.limit)
  }

  func model() throws(WireError) -> KeyFilter {
    KeyFilter(
      pattern: try WireRules.name(pattern, "key_filter.pattern"),
      limit: try WireRules.count(limit, "key_filter.limit"))
  }
}

extension PBMemoryLimit: WirePart {
  init(_ limit: MemoryLimit) { bytes = limit.bytes }

  func model() throws(WireError) -> MemoryLimit {
    MemoryLimit(bytes: Int64(try WireRules.count(bytes, "memory_limit.bytes", most: .max)))
  }
}

extension PBFileFilter: WirePart {
  init(_ filter: FileFilter) {
    folder = filter.folder
    pattern = filter.pattern
    olderThanSeconds = filter.olderThanSeconds
    limit = Int64(filter.limit)
  }

  func model() throws(WireError) -> FileFilter {
    FileFilter(
      folder: try WireRules.prose(folder, "file_filter.folder"),
      pattern: try WireRules.name(pattern, "file_filter.pattern"),
      olderThanSeconds: try WireRules.amount(olderThanSeconds, "file_filter.older_than_seconds"),
      limit: try WireRules.count(limit, "file_filter.limit"))
  }
}

extension PBCommandCall: WirePart {
  init(_ call: CommandCall) {
    command = call.command
    arguments = call.arguments
  }

  func model() throws(WireError) -> CommandCall {
    CommandCall(
      command: try WireRules.name(command, "command.command"),
      arguments: try WireRules.proses(arguments, "command.arguments"))
  }
}

extension PBEndpointCall: WirePart {
  init(_ call: EndpointCall) {
    endpoint = call.endpoint
    if let body = call.body { self.body = body }
  }

  func model() throws(WireError) -> EndpointCall {
    EndpointCall(
      endpoint: try WireRules.name(endpoint, "endpoint.endpoint"),
      body: hasBody ? try WireRules.prose(body, "endpoint.body") : nil)
  }
}

extension PBNotice: WirePart {
  init(_ notice: Notice) {
    sink = notice.sink
    text = notice.text
  }

  func model() throws(WireError) -> Notice {
    Notice(
      sink: try WireRules.name(sink, "notice.sink"), text: try WireRules.prose(text, "notice.text"))
  }
}
