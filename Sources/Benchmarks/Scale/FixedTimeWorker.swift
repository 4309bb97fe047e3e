import IncidentModel
import MessageBus
import Synchronization

/// Does every job in the same time.
final class FixedTimeWorker: JobWorker {
  let kind: JobKind
  private let time: Duration
  private let finished = Atomic<Int>(0)

  /// Jobs that it ended.
  var count: Int { finished.load(ordering: .relaxed) }

  /// - Parameters:
  ///   - kind: what it does.
  ///   - time: how long a job takes.
  init(_ kind: JobKind, taking time: Duration) {
    self.kind = kind
    self.time = time
  }

  func perform(_ job: Job, reporter: any JobReporter) async throws(LeaseError) -> JobResult {
    do { try await Task.sleep(for: time) } catch { throw .shuttingDown }
    finished.wrappingAdd(1, ordering: .relaxed)
    switch kind {
    case .diagnose: return .diagnosed(Self.diagnosis(job.incident.target ?? "synthetic"))
    case .resolve:
      return .remedied(
        Verification(verdict: .recovered, detail: "measured", measurements: [], at: job.incident.updatedAt),
        message: "done")
    }
  }

  private static func diagnosis(_ target: String) -> Diagnosis {
    let step = PlannedStep(
      name: "again", action: .notify(Notice(sink: "log", text: "again")), target: target, timeoutSeconds: 5,
      retries: 0, idempotent: true, rollback: false)
    return Diagnosis(
      hypotheses: [Hypothesis(cause: "synthetic", family: nil, confidence: 0.9, evidence: [])],
      remedy: Remedy(runbook: "synthetic", parameters: [:], steps: [step]), recommendations: [])
  }
}
