import IncidentModel
import Settings
import Threads

/// Deletes old files inside a declared folder.
struct FileAction: Sendable {
  static let maxLimit = 100_000

  let filter: FileFilter
  let settings: HostSourceSettings
  let now: Timestamp

  func run() async throws(ActionFailure) -> ActionReport {
    guard (1...Self.maxLimit).contains(filter.limit) else {
      throw ActionFailure("limit must be 1 to \(Self.maxLimit) files, not \(filter.limit)")
    }
    guard filter.olderThanSeconds.isFinite, filter.olderThanSeconds >= 0 else {
      throw ActionFailure("the age must be a number of seconds, 0 or more")
    }
    let shown = PlainLine.of(filter.folder, 200)
    guard let folder = settings.folders.first(where: { $0.path == filter.folder }) else {
      throw ActionFailure("\(shown) is not declared in the config; nothing there may be deleted")
    }
    guard !folder.deletable.isEmpty else {
      throw ActionFailure("the config declares no file of \(shown) deletable")
    }
    let sweep = FolderSweep(
      path: folder.path, patterns: [filter.pattern], declared: folder.deletable,
      changedBefore: now.seconds - max(filter.olderThanSeconds, folder.keepSeconds, 0),
      limit: filter.limit)
    let sweeper = Sweeper()
    let result = await withTaskCancellationHandler {
      await sweeper.run(sweep)
    } onCancel: {
      sweeper.stop.withLock { $0 = true }
    }
    sweeper.end()
    return try report(result, shown)
  }

  private func report(_ result: SweepResult, _ shown: String) throws(ActionFailure) -> ActionReport {
    let pattern = PlainLine.of(filter.pattern, 80)
    var text =
      result.deleted == 0
      ? "none matched: no old file \(pattern) in \(shown)"
      : "deleted \(result.deleted) files \(pattern) in \(shown), which frees \(Figures.bytes(result.bytes))"
    if result.reachedLimit { text += "; more are left (limit \(filter.limit))" }
    if result.skipped > 0 {
      text += "; left out \(result.skipped) entries that are no plain files or lie elsewhere"
    }
    if result.unread { text += "; not all of the folder was looked at" }
    if let trouble = result.trouble {
      throw ActionFailure(
        result.deleted == 0
          ? trouble : "\(trouble), after \(result.deleted) files (\(Figures.bytes(result.bytes)))")
    }
    return ActionReport(text)
  }
}

/// The thread on which a sweep blocks.
private actor Sweeper {
  private let thread = ThreadExecutor(name: "files")
  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
  /// Set when the sweep must end soon.
  nonisolated let stop = Locked(false)

  func run(_ sweep: FolderSweep) -> SweepResult {
    sweep.run { [stop] in stop.withLock { $0 } }
  }

  nonisolated func end() { thread.shutdown() }
}
