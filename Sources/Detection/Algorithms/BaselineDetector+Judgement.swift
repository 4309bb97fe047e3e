package import IncidentModel

extension BaselineDetector {
  /// How many standard deviations `value` is from the mean of `bounds`.
  package func distance(_ value: Double, _ bounds: Bounds) -> Double {
    bounds.spread > 0 ? abs(value - bounds.mean) / bounds.spread : 0
  }

  /// How sure the detector is, 0…1: ½ at the bound, 0.8 at twice and 0.9 at three times as far.
  package func score(of value: Double, _ bounds: Bounds) -> Double {
    let ratio = distance(value, bounds) / deviations
    guard ratio.isFinite else { return 1 }
    return 1 - 1 / (1 + ratio * ratio)
  }

  /// `low`, or `medium` from three times the allowed distance on (six standard deviations by default).
  ///
  /// Never worse: that a value is unusual does not mean that anything is broken, and nobody
  /// should be woken by statistics. What is known to hurt deserves a threshold.
  package func severity(of value: Double, _ bounds: Bounds) -> Severity {
    distance(value, bounds) >= 3 * deviations ? .medium : .low
  }

  /// The rule as signals carry it.
  package func rule(_ bounds: Bounds, text: String) -> SignalRule {
    SignalRule(
      kind: .baseline, condition: bounds.condition, threshold: bounds.threshold,
      clearThreshold: bounds.clear, text: text)
  }

  /// The rule for people: `above 31.2 percent for 3 samples (usual 21.2 ± 5, 2 deviations)`.
  package func text(_ bounds: Bounds, unit: String) -> String {
    let unit = unit.isEmpty ? "" : " \(unit)"
    let wait = forSamples == 1 ? "" : " for \(forSamples) samples"
    return "\(bounds.condition.rawValue) \(bounds.threshold.brief)\(unit)\(wait) "
      + "(usual \(bounds.mean.brief) ± \(bounds.spread.brief), \(deviations.brief) deviations)"
  }

  /// For people: why the signal was cleared though the value did not come back.
  package func adoptionText(_ bounds: Bounds, unit: String) -> String {
    text(bounds, unit: unit) + "; the new level lasted for \(max(minimumSamples, windowSamples / 2)) "
      + "samples and counts as usual now"
  }
}
