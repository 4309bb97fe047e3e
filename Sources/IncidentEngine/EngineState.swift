import DequeModule
import HeapModule
package import IncidentModel
import OrderedCollections

/// All that the engine knows. Everything but ``workers`` and the leases' expiry comes from the journal.
package struct EngineState: Sendable {
  /// The last event's sequence; 0 before the first.
  package internal(set) var sequence: UInt64 = 0
  /// Every incident in memory: all open ones, the latest ended ones.
  package internal(set) var records = IncidentTable()
  /// Announcements not yet settled, by key.
  package internal(set) var announcements: [String: Announcement] = [:]
  /// The sinks that took an announcement which is not settled, by key.
  package internal(set) var told: [String: Set<String>] = [:]
  /// Connected agents, by instance.
  package internal(set) var workers: [String: Worker] = [:]
  /// What the journal says of access to the bus.
  var access = AccessLedger()

  /// The ids of incidents.
  var numbers = IncidentNumbers()
  /// The last fencing token given.
  var lastToken: UInt64 = 0
  /// The open incident of a series.
  var openByFingerprint: [Fingerprint: IncidentID] = [:]
  /// The latest open incident of a target and family.
  var openByGroup: [GroupKey: IncidentID] = [:]
  /// When an incident of this series last ended, to recognise late signals.
  var endedByFingerprint: OrderedDictionary<Fingerprint, Timestamp> = [:]
  /// False positives: until when the series is quiet.
  var quiet: OrderedDictionary<Fingerprint, QuietSeries> = [:]
  /// Ids of the latest signals, and when they came.
  var remembered = RememberedIDs()
  /// Texts that signals share.
  var names = NamePool()
  /// Jobs that wait for a worker, oldest first.
  var waiting: [JobKind: OrderedSet<IncidentID>] = [:]
  /// Incidents on which a lease is out.
  package internal(set) var leased: Set<IncidentID> = []
  /// Ended incidents, oldest first.
  var ended: Deque<IncidentID> = []
  /// When a runbook ran by itself for a series, for the breaker; what ran last comes last.
  var runs: OrderedDictionary<RunKey, [Timestamp]> = [:]
  /// Records by their next deadline; may hold stale entries, which are dropped when they come up.
  var deadlines = Heap<Deadline>()

  /// Entries of ``endedByFingerprint`` and of ``quiet`` at the most; beyond it a lot of the oldest goes.
  static let maxEndedSeries = 125_000
  static let endedSeriesLot = 25_000

  /// An empty state.
  package init() {}

  /// Open incidents.
  package var openCount: Int { records.count - ended.count }
  /// Jobs of a kind that wait for a worker.
  package func waitingCount(_ kind: JobKind) -> Int { waiting[kind]?.count ?? 0 }
}

/// Signals of one target and one family belong together; of what each machine has of its own, those of one machine.
struct GroupKey: Hashable, Sendable {
  var target: String
  var family: ProblemFamily
  var machine: String?

  /// The group of a signal; `nil` when it belongs to none.
  init?(_ signal: Signal) {
    guard let target = signal.target, let family = ProblemFamily(metric: signal.metric) else { return nil }
    self.target = target
    self.family = family
    // An alert's tag may say the machine of anything.
    machine = signal.source == "host" ? signal.machine : nil
  }
}

/// A series and a runbook, for the breaker.
struct RunKey: Hashable, Sendable {
  var fingerprint: Fingerprint
  var runbook: String
}

/// When a record must be looked at.
struct Deadline: Comparable, Sendable {
  var at: Timestamp
  var incident: IncidentID

  static func < (a: Deadline, b: Deadline) -> Bool {
    (a.at, a.incident) < (b.at, b.incident)
  }
}

/// An incident with what the engine needs to go on with it.
package struct IncidentRecord: Sendable {
  /// What people see.
  package internal(set) var incident: Incident
  /// Work that waits or is being done.
  package internal(set) var job: PendingJob?
  /// How far the escalation got, once there is one.
  package internal(set) var escalation: EscalationProgress?
  /// When the present answer, a snooze or an acknowledgement, ends by itself.
  package internal(set) var answerEnd: AnswerEnd?
  /// Until when a remedy must be approved.
  package internal(set) var approvalDeadline: Timestamp?
  /// When the incident is over if its symptoms stay gone.
  package internal(set) var settlesAt: Timestamp?

  /// Where in the journal it was opened.
  var opening: UInt64 = 0
  /// The family that joins signals to it.
  var group: GroupKey?
  /// When the last signal came.
  var lastSignalAt: Timestamp
  /// Series in trouble beyond the symptoms; nothing once the incident has ended.
  var overflow = Overflow()
  /// The series that the worker of the latest lease knows of, and so can verify.
  var verifiable: Set<Fingerprint> = []
  /// The token under which each step was last intended.
  var intents: [Int: UInt64] = [:]
  /// The token of the last job whose result was taken.
  var finishedToken: UInt64?
  /// The earliest entry in the state's deadlines.
  var queuedDeadline: Timestamp?

  /// The next moment at which time alone changes something, and what, for people.
  package var nextDeadline: (at: Timestamp, what: String)? {
    guard let at = nextMoment else { return nil }
    // Of several at once the first is named.
    if let job {
      if job.deadline == at { return (at, "\(job.kind.rawValue) must be done") }
      if let lease = job.lease, lease.expires == at { return (at, "lease of \(lease.worker) ends") }
    }
    if approvalDeadline == at { return (at, "approval must be given") }
    if settlesAt == at { return (at, "over if the symptoms stay gone") }
    return (at, escalationDeadline?.text ?? "")
  }

  /// The next moment at which time alone changes something; asked for at every event, and so without words.
  var nextMoment: Timestamp? {
    var next: Timestamp?
    func consider(_ at: Timestamp?) {
      if let at { next = next.map { min($0, at) } ?? at }
    }
    consider(job?.deadline)
    consider(job?.lease?.expires)
    consider(approvalDeadline)
    consider(settlesAt)
    consider(escalationDeadline?.at)
    return next
  }
}

extension Incident {
  /// Whether it is bad enough to tell people until somebody answers: from medium up.
  var wakesPeople: Bool { severity >= .medium }
}

/// Work on an incident.
package struct PendingJob: Sendable, Equatable {
  package var kind: JobKind
  /// When it must be done.
  package var deadline: Timestamp
  /// When it began to wait.
  package var queuedAt: Timestamp
  /// Workers that got it.
  package var attempts: Int
  /// Who has it now.
  package var lease: ActiveLease?
}

/// A lease that is out.
package struct ActiveLease: Sendable, Equatable {
  package var lease: Lease
  /// The worker's name.
  package var worker: String
  package var instance: String
  package var expires: Timestamp
  /// When it was given.
  package var since: Timestamp
}

/// A connected agent.
package struct Worker: Sendable, Equatable {
  package var info: AgentInfo
  /// Jobs that it can do at once.
  package var capacity: Int
  /// What it says of its own load, 0…1.
  package var load: Double
  package var lastSeen: Timestamp
  package var joinedAt: Timestamp
  /// The tokens of the leases it has.
  package var tokens: Set<UInt64>
  /// Who it is by its key, where there are keys.
  package var identity: AgentIdentity?
  /// How it did with what it had.
  package var record = WorkerRecord()
}
