import IncidentEngine
import IncidentModel
import Logging
import Settings

/// Keeping the journal no longer than it needs to be.
extension Coordinator {
  /// Moves what is over for long to the archive, now and then while it leads.
  func keepTidy() async {
    let retention = settings.coordinator.retentionSeconds.map { Retention(keep: .seconds($0)) }
    // Soon after a start too: a coordinator that is restarted every night must get to it.
    var pause = Duration.seconds(60)
    while !Task.isCancelled {
      do { try await Task.sleep(for: pause) } catch { return }
      pause = Retention.pause
      guard let retention, let epoch = core.epoch else { continue }
      do {
        let moved = try await retention.run(on: store, epoch: epoch, now: now) { await self.submit($0) }
        if moved > 0 {
          logger.info("records moved to the journal's archive", metadata: ["count": "\(moved)"])
        }
      } catch {
        // Nothing is lost by that: it is tried again in an hour.
        logger.warning("the journal's archive can't be written", metadata: ["reason": "\(error)"])
      }
    }
  }
}
