import IncidentModel
import RedisBackend
import Settings

/// The tools of a Redis or DragonflyDB server.
struct CacheTools: Toolbox {
  /// Keys that are looked at, at the most; hash tables hand them out in no order of their names.
  static let maxKeys = 1500
  /// Looking at keys ends after so long.
  static let keyTime = Duration.seconds(4)

  private let connection: RedisConnection
  private let address: String
  private let clearable: [String]

  init(_ settings: RedisSourceSettings, timeout: Duration) {
    connection = RedisConnection(
      host: settings.host, port: settings.port, password: settings.password?.exposed, timeout: timeout)
    address = "redis-cli -h \(settings.host) -p \(settings.port)"
    clearable = settings.clearable
  }

  func query(for tool: Tool) -> String {
    switch tool {
    case .cacheMemory: "\(address) INFO memory; \(address) INFO stats; \(address) INFO keyspace"
    case .cacheLargestKeys:
      "\(address) --scan | head -n \(Self.maxKeys), then of each key: \(address) MEMORY USAGE <key>; "
        + "\(address) PTTL <key>; \(address) DBSIZE"
    default: ""
    }
  }

  func run(_ tool: Tool) async throws -> ToolResult {
    switch tool {
    case .cacheMemory: .cacheMemory(try await memory())
    case .cacheLargestKeys: .keys(try await keys())
    default: throw NoSuchTool()
    }
  }

  func close() async { await connection.close() }

  func failure(_ error: any Error) -> ToolFailure? {
    guard let error = error as? RedisError else { return nil }
    let kind: ToolFailure.Kind =
      switch error {
      case .connection(let message): ConnectWords.kind(message)
      case .server(let message):
        ["NOAUTH", "WRONGPASS", "NOPERM", "ERR AUTH"].contains { message.hasPrefix($0) }
          ? .forbidden : message.contains("max number of clients") ? .noConnectionLeft : .other
      case .timedOut: .timedOut
      default: .other
      }
    return ToolFailure(kind: kind, message: Shown.text("\(error)", limit: 300))
  }

  private func memory() async throws -> CacheMemoryResult {
    var text = ""
    for section in ["memory", "stats", "keyspace"] {
      text += (try await connection.command(["INFO", section]).string ?? "") + "\n"
    }
    return RedisInfo(text).memory
  }

  private func keys() async throws -> KeysResult {
    let total = try await connection.command(["DBSIZE"]).integer ?? 0
    let end = ContinuousClock.now + Self.keyTime
    var sample: [SampledKey] = []
    var cursor = "0"
    var rounds = 0
    repeat {
      let answer = try await connection.command(["SCAN", cursor, "COUNT", "200"]).elements ?? []
      guard answer.count == 2, let next = answer[0].string, next.utf8.count <= 32 else { break }
      cursor = next
      rounds += 1
      for name in answer[1].elements ?? [] {
        guard sample.count < Self.maxKeys, ContinuousClock.now < end else { break }
        if let key = try await look(at: name) { sample.append(key) }
      }
    } while cursor != "0" && sample.count < Self.maxKeys && ContinuousClock.now < end && rounds < 1000
    return KeySample.result(sample, total: total, clearable: clearable)
  }

  /// One key; `nil` when it has gone.
  private func look(at name: RedisValue) async throws -> SampledKey? {
    let bytes: [UInt8]
    switch name {
    case .bytes(let raw): bytes = raw
    default: bytes = Array((name.string ?? "").utf8)
    }
    guard let size = try await command("MEMORY", "USAGE", bytes).integer else { return nil }
    let left = try await command("PTTL", nil, bytes).integer ?? -2
    // -2: gone; -1: stays for ever.
    if left == -2 { return nil }
    return SampledKey(
      name: String(decoding: bytes.prefix(SampledKey.maxName), as: UTF8.self),
      bytes: min(max(size, 0), SampledKey.maxBytes), expires: left >= 0)
  }

  private func command(_ verb: String, _ second: String?, _ key: [UInt8]) async throws -> RedisValue {
    try await connection.command(bytes: [Array(verb.utf8)] + (second.map { [Array($0.utf8)] } ?? []) + [key])
  }
}
