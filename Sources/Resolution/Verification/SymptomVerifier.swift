package import IncidentModel

/// What measures symptoms again.
package protocol SymptomMeter: Sendable {
  /// Measures each signal's series once: one reading for each, in their order.
  func measure(_ signals: [Signal]) async -> [SymptomReading]
  /// How long these symptoms must be watched at least to be known.
  func span(of signals: [Signal]) async -> Duration
  /// Gives up connections; nothing is measured afterwards.
  func close() async
}

/// Looks at an incident's symptoms until it is known what the remedy did.
struct SymptomVerifier: Sendable {
  /// What was done needs a moment to take effect.
  static let settling = Duration.seconds(1)

  let bounds: RecoveryWatch.Bounds
  let pace: Pace

  /// The signals whose symptoms must be gone: those that are still raised, or all when none is.
  static func signals(of incident: Incident) -> [Signal] {
    let raised = incident.symptoms.filter { !$0.isCleared }
    return (raised.isEmpty ? incident.symptoms : raised).map { symptom in
      // The bounds and the value before are those of the latest statement that there is trouble.
      symptom.isCleared ? symptom.first : symptom.latest
    }
  }

  /// Returns early with what is known when the task is cancelled.
  func verify(_ incident: Incident, with meter: any SymptomMeter) async -> (Verification, worse: Bool) {
    let signals = Self.signals(of: incident)
    var watch = RecoveryWatch(signals, bounds: bounds)
    await pace.sleep(Self.settling)
    let window = max(bounds.window, await meter.span(of: signals))
    let start = pace.elapsed()
    while !Task.isCancelled {
      let round = await meter.measure(signals)
      let isOver = pace.elapsed() - start + bounds.interval > window
      if case .settled(let verification, let worse) = watch.take(round, at: pace.now(), isOver: isOver) {
        return (verification, worse)
      }
      await pace.sleep(bounds.interval)
    }
    let detail = "the measuring was cut off"
    return (Verification(verdict: .unknown, detail: detail, measurements: [], at: pace.now()), false)
  }
}
