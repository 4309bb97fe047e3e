extension Action: Codable {
  private enum CodingKeys: String, CodingKey { case kind, arguments }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    func arguments<T: Decodable>(_ type: T.Type) throws -> T {
      try container.decode(type, forKey: .arguments)
    }
    self =
      switch try container.decode(ActionKind.self, forKey: .kind) {
      case .terminateBackends: .terminateBackends(try arguments(SessionFilter.self))
      case .cancelQueries: .cancelQueries(try arguments(SessionFilter.self))
      case .setTimeouts: .setTimeouts(try arguments(TimeoutSettings.self))
      case .setPoolSize: .setPoolSize(try arguments(PoolSize.self))
      case .clearCache: .clearCache(try arguments(KeyFilter.self))
      case .setMaxMemory: .setMaxMemory(try arguments(MemoryLimit.self))
      case .deleteFiles: .deleteFiles(try arguments(FileFilter.self))
      case .runCommand: .runCommand(try arguments(CommandCall.self))
      case .httpRequest: .httpRequest(try arguments(EndpointCall.self))
      case .notify: .notify(try arguments(Notice.self))
      }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(kind, forKey: .kind)
    switch self {
    case .terminateBackends(let filter), .cancelQueries(let filter):
      try container.encode(filter, forKey: .arguments)
    case .setTimeouts(let settings): try container.encode(settings, forKey: .arguments)
    case .setPoolSize(let size): try container.encode(size, forKey: .arguments)
    case .clearCache(let filter): try container.encode(filter, forKey: .arguments)
    case .setMaxMemory(let limit): try container.encode(limit, forKey: .arguments)
    case .deleteFiles(let filter): try container.encode(filter, forKey: .arguments)
    case .runCommand(let call): try container.encode(call, forKey: .arguments)
    case .httpRequest(let call): try container.encode(call, forKey: .arguments)
    case .notify(let notice): try container.encode(notice, forKey: .arguments)
    }
  }
}
