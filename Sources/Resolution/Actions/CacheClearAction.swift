import IncidentModel
import RedisBackend
import Settings

/// Deletes keys that match a declared pattern, found by scanning.
///
/// `SCAN` finds them a few hundred at a time and `UNLINK` frees them in the background, so the cache
/// goes on answering. Never `FLUSHALL`, `FLUSHDB` or `KEYS`.
struct CacheClearAction: Sendable {
  static let maxLimit = 1_000_000
  static let batch = 500

  let filter: KeyFilter
  let settings: RedisSourceSettings

  func run(timeout: Duration) async throws(ActionFailure) -> ActionReport {
    guard (1...Self.maxLimit).contains(filter.limit) else {
      throw ActionFailure("limit must be 1 to \(Self.maxLimit) keys, not \(filter.limit)")
    }
    guard settings.clearable.contains(where: { KeyPattern.isWithin(filter.pattern, $0) }) else {
      let declared = settings.clearable.isEmpty ? "nothing" : settings.clearable.joined(separator: ", ")
      throw ActionFailure(
        "keys \(PlainLine.of(filter.pattern, 80)) are not declared clearable; the config allows \(declared)")
    }
    var progress = Progress()
    do {
      try await RedisTask.with(settings, timeout: timeout) { redis in
        progress.usedBefore = await RedisTask.usedMemory(redis)
        try await clear(redis, &progress)
        progress.usedAfter = await RedisTask.usedMemory(redis)
      }
    } catch {
      throw ActionFailure(
        progress.deleted == 0 ? error.description : "\(error.description), after \(describe(progress))")
    }
    return ActionReport(describe(progress))
  }

  private struct Progress {
    var deleted = 0
    var reachedLimit = false
    var usedBefore: Int64?
    var usedAfter: Int64?
  }

  private func clear(_ redis: RedisConnection, _ progress: inout Progress) async throws {
    var cursor = "0"
    repeat {
      try Task.checkCancellation()
      let answer = try await redis.command(
        ["SCAN", cursor, "MATCH", filter.pattern, "COUNT", "\(Self.batch)"])
      guard let parts = answer.elements, parts.count == 2, let next = parts[0].string,
        let found = parts[1].elements, next.utf8.count <= 32
      else { throw ActionFailure("the cache's answer to SCAN makes no sense") }
      cursor = next
      let keys = found.compactMap(Self.name).prefix(filter.limit - progress.deleted)
      // COUNT is a hint: a small hash comes whole, so the answer may be long.
      for start in stride(from: keys.startIndex, to: keys.endIndex, by: Self.batch) {
        let part = keys[start..<min(start + Self.batch, keys.endIndex)]
        let count = try await redis.command(bytes: [Array("UNLINK".utf8)] + part).integer
        progress.deleted += Int(clamping: count ?? 0)
      }
      progress.reachedLimit = progress.deleted >= filter.limit
    } while cursor != "0" && !progress.reachedLimit
  }

  /// A key's name, which may be any bytes.
  private static func name(_ value: RedisValue) -> [UInt8]? {
    switch value {
    case .text(let text): Array(text.utf8)
    case .bytes(let bytes): bytes
    default: nil
    }
  }

  private func describe(_ progress: Progress) -> String {
    let pattern = PlainLine.of(filter.pattern, 80)
    guard progress.deleted > 0 else { return "none matched: no key \(pattern)" }
    var text = "deleted \(progress.deleted) keys \(pattern)"
    if progress.reachedLimit { text += ", the limit" }
    if let before = progress.usedBefore, let after = progress.usedAfter {
      text += "; used memory went from \(Figures.bytes(before)) to \(Figures.bytes(after))"
    }
    return text
  }
}
