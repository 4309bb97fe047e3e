import HeapModule
package import IncidentModel
import OrderedCollections

/// Whom something tells.
package struct Telling: Sendable, Equatable {
  /// Who, and through which sinks; empty sinks mean every one.
  package var targets: [EscalationTarget]
  /// The policy's step that is due, from 1; `nil` for what is no step of a policy.
  package var step: Int?
  /// How often the present repeat went back.
  package var round: Int?
}

/// What time alone will bring about for an incident.
package struct Outlook: Sendable, Equatable {
  package var incident: IncidentID
  package var at: Timestamp
  /// What will happen, for people.
  package var what: String
  /// Who is told then; `nil` for what tells nobody.
  package var telling: Telling?
}

/// A job that waits for a worker, and why.
package struct WaitingWork: Sendable, Equatable {
  /// What keeps it.
  package enum Reason: String, Sendable {
    /// No agent that does such work is there.
    case noWorker = "no_worker"
    /// None of those that are there reaches the target, and the others have no room either.
    case noneFits = "none_fits"
    /// All that could do it have as much as they can take.
    case allBusy = "all_busy"
    /// Nothing: it is about to be handed out.
    case next
  }

  package var incident: IncidentID
  package var kind: JobKind
  /// Since when it waits.
  package var since: Timestamp
  package var reason: Reason
}

/// A lease that is out, and on what.
package struct LeaseOut: Sendable, Equatable {
  package var lease: ActiveLease
  package var attempt: Int
}

extension Engine {
  /// Looked at for ``outlooks(_:telling:)`` at the most, so that the answer never takes long.
  private static let looked = 1_000

  /// What happens next, soonest first, and among it whom it will tell.
  /// - Parameters:
  ///   - limit: of all there is.
  ///   - tellings: of those that tell somebody.
  package func outlooks(_ limit: Int, telling tellings: Int) -> (all: [Outlook], telling: [Outlook]) {
    // See `nextDeadlines(_:)`: an entry may be too early, but never too late.
    var queue = state.deadlines
    var seen: Set<IncidentID> = []
    var (all, telling): ([Outlook], [Outlook]) = ([], [])
    for _ in 0..<Self.looked {
      guard all.count < limit || telling.count < tellings, let first = queue.popMin() else { break }
      guard let outlook = outlook(of: first.incident) else { continue }
      if outlook.at > first.at {
        queue.insert(Deadline(at: outlook.at, incident: first.incident))
      } else if seen.insert(first.incident).inserted {
        if all.count < limit { all.append(outlook) }
        if outlook.telling != nil, telling.count < tellings { telling.append(outlook) }
      }
    }
    return (all, telling)
  }

  /// What time alone will bring about for one incident; `nil` when that is nothing.
  package func outlook(of id: IncidentID) -> Outlook? {
    guard let record = state.records[id], let next = record.nextDeadline else { return nil }
    return Outlook(incident: id, at: next.at, what: next.what, telling: telling(record, at: next.at))
  }

  /// Whom the record's next deadline tells, in the order in which ``IncidentRecord/nextDeadline`` names them.
  private func telling(_ record: IncidentRecord, at moment: Timestamp) -> Telling? {
    if let job = record.job {
      if job.deadline == moment { return escalation(of: record, at: .start) }
      if let lease = job.lease, lease.expires == moment {
        return job.attempts >= policy.maxAttempts ? escalation(of: record, at: .start) : nil
      }
    }
    if record.approvalDeadline == moment { return escalation(of: record, at: .start) }
    if record.settlesAt == moment {
      return Telling(targets: [EscalationTarget(name: "stakeholders", sinks: [])])
    }
    switch record.escalationDeadline {
    case .told?: return record.escalation.flatMap { escalation(of: record, at: $0.pointer) }
    case .snoozeEnds?, .acknowledgementLapses?: return escalation(of: record, at: .start)
    case nil: return nil
    }
  }

  private func escalation(of record: IncidentRecord, at pointer: EscalationPointer) -> Telling? {
    let timetable = policy.escalation(for: record.incident.target)
    let told = timetable.stage(at: pointer).told
    // What `climb(_:at:again:)` does: what wakes nobody is written to the log.
    let targets =
      record.incident.wakesPeople
      ? told : timetable.firstTold.prefix(1).map { EscalationTarget(name: $0.name, sinks: ["log"]) }
    guard !targets.isEmpty else { return nil }
    return Telling(targets: targets, step: pointer.step + 1, round: pointer.round)
  }

  /// The job that waits longest of those next in their queues.
  package func oldestWaiting() -> WaitingWork? {
    var oldest: (since: Timestamp, incident: IncidentID)?
    for kind in JobKind.allCases {
      for id in (state.waiting[kind] ?? []).prefix(64) {
        guard let since = state.records[id]?.job?.queuedAt else { continue }
        if let known = oldest, (known.since, known.incident) <= (since, id) { continue }
        oldest = (since, id)
      }
    }
    return oldest.flatMap { waiting(on: $0.incident) }
  }

  /// The job of an incident that waits for a worker.
  package func waiting(on id: IncidentID) -> WaitingWork? {
    guard let record = state.records[id], let job = record.job, job.lease == nil else { return nil }
    let alive = state.workers.values.filter { isAlive($0, for: job.kind) }
    let able = Self.able(alive, record.incident)
    let isFree = { (worker: Worker) in worker.tokens.count < worker.capacity }
    let reason: WaitingWork.Reason =
      alive.isEmpty
      ? .noWorker
      : able.isEmpty
        ? (alive.contains(where: isFree) ? .next : .noneFits)
        : able.contains(where: isFree) ? .next : .allBusy
    return WaitingWork(incident: id, kind: job.kind, since: job.queuedAt, reason: reason)
  }

  /// The lease that is out on an incident.
  package func lease(on id: IncidentID) -> LeaseOut? {
    guard let job = state.records[id]?.job, let lease = job.lease else { return nil }
    return LeaseOut(lease: lease, attempt: job.attempts)
  }
}
