import HeapModule
package import IncidentModel

extension Engine {
  /// Deadlines that are handled at once at the most. After an outage a hundred thousand may have come: they are a
  /// batch each, between which the leadership is confirmed and agents are heard.
  static let expiriesAtOnce = 1_000

  /// Does what time alone brings about, the earliest first; see ``isBehind(at:)``.
  mutating func tick() {
    forgetSilentAgents()
    sayUnsaidRefusals()
    var left = Self.expiriesAtOnce
    while left > 0, let id = popDue() {
      expire(id)
      left -= 1
    }
  }

  /// Whether deadlines have come that no tick has handled.
  package func isBehind(at moment: Timestamp) -> Bool { state.deadlines.min.map { $0.at <= moment } ?? false }

  /// Handles every deadline of one incident that has come.
  private mutating func expire(_ id: IncidentID) {
    guard let record = state.records[id] else { return }
    if let settles = record.settlesAt, settles <= now {
      return settled(id)
    }
    if let job = record.job, job.deadline <= now {
      let limit = Int((job.kind == .diagnose ? policy.diagnosisLimit : policy.resolutionLimit).inSeconds)
      let why =
        job.lease == nil && job.attempts == 0
        ? "no \(job.kind.worker.rawValue) took the job within \(limit) seconds; is one running?"
        : "the job to \(job.kind.rawValue) was not done within \(limit) seconds"
      if let active = job.lease { noteEnd(of: active) }
      endJob(id, reason: why)
      return escalate(id, reason: why)
    }
    if let active = record.job?.lease, active.expires <= now {
      noteLapse(of: active)
      return lose(id, active, reason: "\(active.worker) was silent for too long")
    }
    if let deadline = record.approvalDeadline, deadline <= now {
      return escalate(id, reason: "nobody approved the remedy in time")
    }
    expireEscalation(id)
  }

  /// Symptoms stayed gone for long enough. A resolver at work measures for itself.
  private mutating func settled(_ id: IncidentID) {
    guard let record = state.records[id] else { return }
    if record.job?.kind == .resolve, record.job?.lease != nil {
      emit(.settling(until: now + policy.settle), on: id)
      return
    }
    // A journal from before series beyond the symptoms were kept may say that it settles while one is raised.
    guard record.overflow.isGone else { return emit(.unsettled, on: id) }
    endJob(id, reason: "its symptoms went away by themselves")
    resolve(id, auto: false, reason: "its symptoms went away by themselves and stayed away")
  }
}
