import IncidentModel
import RedisBackend
import Settings

/// Sets the cache's memory limit, up to the ceiling that the config declares.
struct MemoryLimitAction: Sendable {
  let limit: MemoryLimit
  let settings: RedisSourceSettings
  let purpose: ActionContext.Purpose
  /// What the step set that an undo puts back, where that is known.
  let set: MemoryLimit?

  func run(timeout: Duration) async throws(ActionFailure) -> ActionReport {
    if purpose == .remedy { try check() }
    // Putting back may mean "no limit", which is 0, and may mean more than the ceiling.
    guard limit.bytes >= 0 else { throw ActionFailure("a memory limit is not negative") }
    return try await RedisTask.with(settings, timeout: timeout) { redis in
      let old = try await current(redis)
      guard old != limit.bytes else {
        return ActionReport("the memory limit is \(spoken(old)) already")
      }
      if let set, old != set.bytes {
        throw ActionFailure(
          "the memory limit is \(spoken(old)) now, not what the step set; whoever changed it knows better")
      }
      let used = await RedisTask.usedMemory(redis)
      // 0 is no limit.
      if let used, limit.bytes > 0, limit.bytes < used {
        throw ActionFailure(
          "\(Figures.bytes(used)) are in use; a limit of \(Figures.bytes(limit.bytes)) would throw keys out at once"
        )
      }
      let undo = Action.setMaxMemory(MemoryLimit(bytes: old))
      do {
        _ = try await redis.command(["CONFIG", "SET", "maxmemory", "\(limit.bytes)"])
      } catch {
        throw ActionFailure(PlainLine.of("\(error)", 400), undo: undo)
      }
      return ActionReport(
        "the memory limit went from \(spoken(old)) to \(spoken(limit.bytes))"
          + (used.map { ", \(Figures.bytes($0)) in use" } ?? ""),
        undo: purpose == .remedy ? undo : nil)
    }
  }

  private func check() throws(ActionFailure) {
    guard let ceiling = settings.maxMemoryCeilingBytes else {
      throw ActionFailure("the config sets no ceiling for this cache's memory, so its limit stays")
    }
    guard limit.bytes > 0, limit.bytes <= ceiling else {
      throw ActionFailure(
        "a memory limit of \(Figures.bytes(limit.bytes)) is not within the ceiling of \(Figures.bytes(ceiling))"
      )
    }
  }

  private func current(_ redis: RedisConnection) async throws -> Int64 {
    let answer = try await redis.command(["CONFIG", "GET", "maxmemory"])
    guard let pair = answer.elements, pair.count == 2, let bytes = pair[1].integer else {
      throw ActionFailure("the cache does not say its memory limit")
    }
    return bytes
  }

  private func spoken(_ bytes: Int64) -> String { bytes == 0 ? "none" : Figures.bytes(bytes) }
}
