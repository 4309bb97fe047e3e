import IncidentModel
import JournalAudit
import Logging
import Notification
import Settings

/// Telling the end of the journal's chain, so that whoever keeps it notices a rewrite of the whole.
extension Coordinator {
  /// When it is told.
  enum TipOccasion: String {
    case leads, leading, ceases
  }

  /// Tells the tip now and then while it leads, until its task is cancelled.
  func tellTips() async {
    let interval = settings.coordinator.audit.tipSeconds
    while (try? await Task.sleep(for: .seconds(interval ?? 3_600))) != nil {
      if core.epoch != nil, interval != nil { tellTip(.leading) }
    }
  }

  /// Writes the tip to the log, and has it sent where the configuration says.
  func tellTip(_ occasion: TipOccasion, epoch: UInt64? = nil) {
    guard let epoch = epoch ?? core.epoch, let tip = writtenTip else { return }
    logger.info(
      "journal tip \(tip)",
      metadata: [
        "sequence": "\(tip.sequence)", "hash": "\(tip.hash.hex)", "epoch": "\(epoch)",
        "occasion": "\(occasion.rawValue)",
      ])
    guard settings.coordinator.audit.sink != nil else { return }
    tips.yield(
      Notification(
        key: "journal/tip/\(tip)", kind: .journalTip, incident: nil, severity: .info, status: nil,
        title: "The journal's tip is record \(tip.sequence)",
        text:
          "\(tip)\nKeep it: aiopsctl audit verify --tip SEQUENCE:HASH finds whether anything up to it was rewritten.",
        at: now))
  }

  /// Sends tips until there will be no more. One that can't be sent gives way to the next.
  func sendTips() async {
    for await notification in tipsToSend {
      guard let sink = settings.coordinator.audit.sink else { continue }
      var pause = Duration.seconds(1)
      for attempt in 1... {
        guard case .failed(let reason, let retryable) = await delivery.deliver(notification, to: sink) else {
          break
        }
        logger.warning(
          "the journal's tip could not be sent",
          metadata: ["tip": "\(notification.key)", "sink": "\(sink.name)", "reason": "\(reason)"])
        guard retryable, attempt < 5, (try? await Task.sleep(for: pause)) != nil else { break }
        pause *= 2
      }
    }
  }
}
