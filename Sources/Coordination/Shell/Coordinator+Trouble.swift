import IncidentEngine
package import IncidentModel
import Logging
import Notification
import Settings

/// When people must be told that the journal can't be used, and that it can again.
package struct TroubleAlarm: Sendable {
  /// What is to be said.
  package enum Word: Sendable, Equatable {
    /// It can't be used; the `number`-th time in this run.
    case raised(number: Int, reason: String)
    /// What was raised is over.
    case over(number: Int)
  }

  private let patience: Duration
  private var since: Timestamp?
  private var number = 0
  private var isRaised = false

  /// - Parameter patience: a shorter trouble is nobody's business.
  package init(patience: Duration) { self.patience = patience }

  /// Takes how things are; to be asked several times within ``patience``.
  package mutating func look(_ trouble: String?, at now: Timestamp) -> Word? {
    guard let trouble else {
      defer { (since, isRaised) = (nil, false) }
      return isRaised ? .over(number: number) : nil
    }
    let began = since ?? now
    since = began
    guard !isRaised, now - began >= patience else { return nil }
    isRaised = true
    number += 1
    return .raised(number: number, reason: trouble)
  }
}

/// What is wrong with the store at the moment.
struct StoreTroubles: Sendable {
  /// Why the journal can't be written.
  var writing: String?
  /// Since when an append is under way, tried again perhaps.
  var appendingSince: Timestamp?
  /// Why it is not known who leads, or why the journal can't be read.
  var term: String?
}

/// A journal that can't be used, and who is told.
///
/// Without a journal nothing can be announced in the usual way. So the sinks of the first escalation level
/// are told directly: nothing else could wake anybody then.
extension Coordinator {
  /// Why the store can't be used at the moment.
  var storeTrouble: String? { troubles.writing ?? troubles.term ?? stall }

  /// A disk that neither writes nor fails is a trouble too.
  private var stall: String? {
    guard let since = troubles.appendingSince, now - since > .seconds(10) else { return nil }
    return "an append to the journal has been under way since \(since.rfc3339)"
  }

  func trouble(_ error: StoreError, _ kind: WritableKeyPath<StoreTroubles, String?>) {
    if storeTrouble == nil {
      logger.error("the journal can't be used", metadata: ["reason": "\(error)"])
    }
    troubles[keyPath: kind] = "\(error)"
  }

  func relieved(_ kind: WritableKeyPath<StoreTroubles, String?>) {
    guard troubles[keyPath: kind] != nil else { return }
    troubles[keyPath: kind] = nil
    if storeTrouble == nil { logger.notice("the journal can be used again") }
  }

  /// Tells people of a trouble that lasts, once, and that it is over.
  func watchJournal() async {
    var alarm = TroubleAlarm(patience: journalPatience)
    let look = min(journalPatience / 4, .seconds(1))
    await withDiscardingTaskGroup { group in
      while (try? await Task.sleep(for: look)) != nil {
        guard let word = alarm.look(storeTrouble, at: now) else { continue }
        let notification = notification(word)
        for sink in firstSinks {
          group.addTask { await self.tell(notification, sink) }
        }
      }
      group.cancelAll()
    }
  }

  /// Whoever is told first of anything.
  private var firstSinks: [SinkSettings] {
    let told = settings.escalation.policy.firstTold
    let isEverySink = told.contains { $0.sinks.isEmpty }
    let chosen = settings.sinks.filter { sink in
      isEverySink || told.contains { $0.sinks.contains(sink.name) }
    }
    return chosen.isEmpty ? [SinkSettings(name: "log", kind: .log)] : chosen
  }

  private func notification(_ word: TroubleAlarm.Word) -> Notification {
    let audience = settings.escalation.policy.firstNames
    let name = me.http.isEmpty ? me.instance : "\(me.http) (\(me.instance))"
    switch word {
    case .raised(let number, let reason):
      return Notification(
        key: "journal/\(me.instance)/\(number)", kind: .coordinatorTrouble, incident: nil,
        severity: .critical, status: nil,
        title: "The coordinator \(name) can't use its journal",
        text:
          "\(reason)\nSignals are not acknowledged and come again; nothing is decided, and nobody is told "
          + "of any incident until the journal can be used again.", audience: audience, at: now)
    case .over(let number):
      return Notification(
        key: "journal/\(me.instance)/\(number)/over", kind: .coordinatorRecovered, incident: nil,
        severity: .info, status: nil, title: "The coordinator \(name) can use its journal again",
        text: "What waited meanwhile is taken in now.", audience: audience, at: now)
    }
  }

  /// Tries until the sink took it or refuses for good, as a page is worth it.
  private func tell(_ notification: Notification, _ sink: SinkSettings) async {
    var pause = Duration.seconds(1)
    while true {
      guard case .failed(let reason, let retryable) = await delivery.deliver(notification, to: sink) else {
        return
      }
      logger.warning(
        "a notification could not be delivered",
        metadata: ["key": "\(notification.key)", "sink": "\(sink.name)", "reason": "\(reason)"])
      guard retryable, (try? await Task.sleep(for: pause)) != nil else { return }
      // Late news of a trouble that is over would only confuse.
      if notification.kind == .coordinatorTrouble, storeTrouble == nil { return }
      pause = min(pause * 2, .seconds(120))
    }
  }
}
