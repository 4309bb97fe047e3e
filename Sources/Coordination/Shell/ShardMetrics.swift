import IncidentModel
import Observability

/// Who watches what, in numbers, as the leader knows it.
struct ShardMetrics: Sendable {
  private let shards: MetricFamily
  private let moves: MetricFamily
  private let gaps: MetricFamily

  init(_ registry: MetricsRegistry) {
    shards = registry.gauge(
      "aiops_shards", "Shards of the targets: watched, moving to another detector, or unassigned.",
      labels: ["state"])
    moves = registry.counter(
      "aiops_shard_moves_total", "Shards that are watched by another detector than before.")
    gaps = registry.histogram(
      "aiops_shard_gap_seconds", "How long nobody watched a shard while it moved, as far as is known.",
      buckets: [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80])
  }

  func moved(_ move: ShardMove) {
    moves.add(1)
    gaps.observe(move.gap.inSeconds)
  }

  func set(_ ledger: ShardLedger) {
    let report = ShardsReport(ledger)
    shards.set(Double(report.watched), "watched")
    shards.set(Double(report.moving), "moving")
    shards.set(Double(report.unassigned), "unassigned")
  }
}
