import IncidentEngine
import IncidentModel
import MessageBus
import Observability

/// What detectors say of their signals that no coordinator has yet, by the detector's name.
struct SpoolMetrics: Sendable {
  private let waiting: MetricFamily
  private let coalesced: MetricFamily
  private let dropped: MetricFamily
  private let unkept: MetricFamily
  private let bytes: MetricFamily
  private let throttled: MetricFamily

  private var all: [MetricFamily] { [waiting, coalesced, dropped, unkept, bytes, throttled] }

  init(_ registry: MetricsRegistry) {
    waiting = registry.gauge(
      "aiops_spool_waiting", "Signals that wait at a detector for the coordinator.", labels: ["agent"])
    coalesced = registry.counter(
      "aiops_spool_coalesced_total", "Signals that later ones of their series replaced before they left.",
      labels: ["agent"])
    dropped = registry.counter(
      "aiops_spool_dropped_total", "Signals that were lost because too many waited.", labels: ["agent"])
    unkept = registry.counter(
      "aiops_spool_unkept_total", "Signals that could not be kept on the detector's disk.", labels: ["agent"])
    bytes = registry.gauge(
      "aiops_spool_bytes", "Bytes of the signals that wait on a detector's disk.", labels: ["agent"])
    throttled = registry.counter(
      "aiops_throttled_seconds_total", "How long the coordinator made a detector wait between batches.",
      labels: ["agent"])
  }

  /// Takes the numbers of the detectors that are connected.
  func set(_ core: CoordinatorCore) {
    for family in all { family.removeAll() }
    var sums: [String: SpoolReport] = [:]
    for (instance, worker) in core.engine.state.workers {
      guard let report = core.spools[instance] else { continue }
      // Several may share a name.
      var sum = sums[worker.info.name] ?? SpoolReport()
      sum.waiting += report.waiting
      sum.coalesced += report.coalesced
      sum.dropped += report.dropped
      sum.unkept += report.unkept
      sum.bytes += report.bytes
      sum.throttledSeconds += report.throttledSeconds
      sums[worker.info.name] = sum
    }
    for (name, report) in sums {
      waiting.set(Double(report.waiting), name)
      coalesced.set(Double(report.coalesced), name)
      dropped.set(Double(report.dropped), name)
      unkept.set(Double(report.unkept), name)
      bytes.set(Double(report.bytes), name)
      throttled.set(report.throttledSeconds, name)
    }
  }
}
