/// What people care about: one or more correlated signals with a status, a severity, a timeline.
///
/// A hundred thousand of them may be open at once, so what follows from something else is not kept
/// (see `Incident+Derived.swift`), and what few have yet is kept apart (`Incident+Progress.swift`).
package struct Incident: Sendable {
  /// Lines of ``logs`` at the most; the oldest go first.
  package static let maxLogs = 200
  /// Entries kept in ``timeline`` at the most; the oldest but the first go first. The journal keeps all.
  package static let maxTimeline = 300
  /// Repeated statements of detectors among them at the most; the oldest go first.
  package static let maxRepeats = 10
  /// Symptoms kept at the most; further series of the same trouble are only counted, and must be gone at its end.
  package static let maxSymptoms = 50

  package var id: IncidentID
  package var severity: Severity
  package var status: IncidentStatus
  /// How far a resolver may go.
  package var autonomy: Autonomy
  /// Whether it was resolved without a person.
  package var autoResolved: Bool
  /// Whether the remedy waits for a person's word.
  package var awaitingApproval: Bool
  package var detectedAt: Timestamp
  package var resolvedAt: Timestamp?
  /// When anything last happened to it.
  package var updatedAt: Timestamp
  /// How many signals and alerts belong to it.
  package var count: Int
  /// The targets that its signals came from.
  package var affectedSystems: [String]
  /// The series it is about, in the order they joined.
  package var symptoms: [Symptom]
  package var timeline: [TimelineEntry]

  /// The signal that opened it; `nil` for one that was read from elsewhere and has no symptoms.
  let opening: Boxed<Signal>?
  /// See ``Progress``; `nil` while there is none of it.
  var progress: Boxed<Progress>?

  /// A new incident, opened by `signal`.
  package init(id: IncidentID, openedBy signal: Signal, autonomy: Autonomy, at now: Timestamp) {
    self.init(
      id: id, opening: Boxed(signal), severity: signal.severity, autonomy: autonomy, at: now,
      affectedSystems: signal.target.map { [$0] } ?? [])
  }

  init(
    id: IncidentID, opening: Boxed<Signal>?, severity: Severity, autonomy: Autonomy, at now: Timestamp,
    affectedSystems: [String]
  ) {
    self.id = id
    self.opening = opening
    self.severity = severity
    self.autonomy = autonomy
    self.affectedSystems = affectedSystems
    status = .detected
    autoResolved = false
    awaitingApproval = false
    detectedAt = now
    updatedAt = now
    count = 0
    symptoms = []
    timeline = []
  }

  /// The configured source that the incident is about.
  package var target: String? { affectedSystems.first }

  /// The machine that it is about, where that can be seen from no other.
  package var machine: String? { symptoms.compactMap(\.latest.machine).first }
}

extension Incident {
  /// Takes a signal into symptoms, severity and count.
  package mutating func take(_ signal: Signal) {
    count += 1
    if let index = symptoms.firstIndex(where: { $0.fingerprint == signal.fingerprint }) {
      symptoms[index].count += 1
      // A reordered older statement is counted but doesn't replace a newer one.
      if signal.observedAt >= symptoms[index].observedAt { symptoms[index].latest = signal }
    } else if symptoms.count < Incident.maxSymptoms {
      let isOpening = symptoms.isEmpty && opening?.value == signal
      symptoms.append(isOpening ? Symptom(opening ?? Boxed(signal)) : Symptom(Boxed(signal)))
    }
    if signal.state == .raised { severity = max(severity, signal.severity) }
    if let target = signal.target, !affectedSystems.contains(target), affectedSystems.count < 20 {
      affectedSystems.append(target)
    }
  }

  /// Adds a line to the timeline, within its bounds: the first entry and the latest ones stay.
  package mutating func append(_ entry: TimelineEntry) {
    let isFull = timeline.count >= Incident.maxTimeline
    if isFull || (entry.kind == "signal" && timeline.count > Incident.maxRepeats) {
      var repeats = 0
      var oldest: Int?
      for index in timeline.indices.dropFirst() where timeline[index].kind == "signal" {
        repeats += 1
        if oldest == nil { oldest = index }
      }
      // Repeated signals go first: what was done and who was told must stay to be read.
      if isFull {
        timeline.remove(at: oldest ?? 1)
      } else if repeats >= Incident.maxRepeats, let oldest {
        timeline.remove(at: oldest)
      }
    }
    timeline.append(entry)
  }
}
