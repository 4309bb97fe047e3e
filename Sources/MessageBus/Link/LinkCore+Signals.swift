import IncidentModel

extension LinkCore {
  mutating func submit(_ signals: [Signal], isKept: Bool = false) {
    let isHeld = !isWelcome || isPaused
    for signal in signals {
      do {
        spool.add(signal, bytes: try WireCodec.size(of: signal), isHeld: isHeld, isKept: isKept)
      } catch {
        counts.invalidSignals += 1
        emit(.note(.signalInvalid(metric: String(signal.metric.prefix(200)), reason: "\(error)")))
      }
    }
    sendBatch()
  }

  /// Sends the next batch unless a pause is on, or the one under way again.
  mutating func sendBatch(again: Bool = false) {
    guard isWelcome, phase != .stopped else { return }
    let batch: SignalSpool.Batch
    if let waiting = spool.inFlight {
      guard again else { return }
      counts.resends += 1
      batch = waiting
    } else {
      batchSentAt = nil
      if isPaused { return }
      pausedUntil = nil
      guard let next = spool.takeBatch() else { return }
      batch = next
    }
    batchSentAt = now
    sendHome(.signals(batch: batch.number, batch.signals))
  }

  /// Whether the coordinator asked for patience.
  private var isPaused: Bool { pausedUntil.map { now < $0 } ?? false }

  mutating func accepted(_ batch: UInt64, pause: UInt32) {
    let count = spool.accepted(batch)
    if count == 0 { return }
    counts.acceptedSignals += count
    batchSentAt = nil
    sayLastWords()
    if pause > 0 {
      let pause = min(.milliseconds(pause), LinkTiming.longestPause)
      pausedUntil = now + pause
      counts.throttled += pause
    }
    sendBatch()
  }

  /// Forgets the pause that is on.
  mutating func endPause() {
    if let pausedUntil, now < pausedUntil { counts.throttled -= pausedUntil - now }
    pausedUntil = nil
  }
}
