package import IncidentModel

/// One sample on its way through the ``DetectionGraph``, and what the nodes found out about it.
package struct DetectionContext: Sendable {
  /// The sample.
  package let sample: Sample
  /// What its series is called.
  package let fingerprint: Fingerprint
  /// What is held against it.
  package let rule: SeriesRule
  /// The detector's own time.
  package let now: Timestamp
  /// The detector's name.
  package let detector: String
  /// For people, where the rule alone does not say it: why a source can't be measured.
  package let note: String?

  /// What is remembered of the series.
  package var state: SeriesState
  /// Where signals get their ids.
  package var ids: SignalIDs

  /// Why the sample can't be judged; `nil` when it can.
  package var refusal: SampleRefusal?
  /// What the threshold says.
  package var threshold = ThresholdDetector.Verdict.quiet
  /// What the baseline says.
  package var baseline = BaselineDetector.Verdict.quiet
  /// The one statement that holds after this sample; `nil` when all is well.
  package var standing: Standing?
  /// What is to be said about the change.
  package var transition = Transition.quiet
  /// What is said.
  package var signals: [Signal] = []

  /// A sample that is about to enter.
  package init(
    sample: Sample, fingerprint: Fingerprint, rule: SeriesRule, now: Timestamp, detector: String,
    note: String? = nil, state: SeriesState, ids: SignalIDs
  ) {
    self.sample = sample
    self.fingerprint = fingerprint
    self.rule = rule
    self.now = now
    self.detector = detector
    self.note = note
    self.state = state
    self.ids = ids
  }
}

/// Why a sample can't be judged.
package enum SampleRefusal: String, Hashable, Sendable, CaseIterable {
  /// NaN or infinite.
  case notFinite = "not finite"
  /// Not later than the sample before.
  case outOfOrder = "out of order"
  /// Too old to say anything about now.
  case stale
  /// From a clock that is ahead.
  case future = "in the future"
  /// A name, unit or labels so long that remembering such series would fill the memory.
  case oversized
}

extension Sample {
  /// So many bytes may the name, unit and labels of a series have together.
  package static let identityLimit = 4096

  /// Whether its name, unit and labels are small enough to be remembered. No text is made for it.
  var hasBoundedIdentity: Bool {
    var bytes = name.utf8.count + source.utf8.count + unit.utf8.count
    for (label, value) in labels where bytes <= Self.identityLimit {
      bytes += label.utf8.count + value.utf8.count
    }
    return bytes <= Self.identityLimit
  }
}

/// The one statement about a series that holds: threshold before baseline.
package struct Standing: Hashable, Sendable {
  /// The rule that saw it.
  package var rule: SignalRule
  /// When the series first left its bounds.
  package var since: Timestamp
  /// How bad the current sample is.
  package var severity: Severity
  /// How sure the detector is, 0…1.
  package var score: Double
  /// Whether the current sample itself shows the trouble, rather than not yet its end.
  package var isBreaching: Bool
}

/// What is to be said about a series after a sample.
package enum Transition: String, Hashable, Sendable {
  /// Nothing.
  case quiet
  /// Trouble, for the first time.
  case raise
  /// It became worse, or another rule holds now.
  case escalate
  /// It is still there.
  case refresh
  /// It is gone.
  case clear
}
