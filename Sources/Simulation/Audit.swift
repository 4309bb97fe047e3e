import IncidentEngine
import IncidentModel
import Notification
import Resolution

/// Reads the journal as it grows, knowing nothing of the engine that wrote it, and says where a law is broken.
struct Audit {
  typealias Complaint = (_ law: String, _ text: String) -> Void

  /// What is known of one incident.
  struct Case {
    var isOpen = true
    var severity = Severity.info
    /// The latest state of each series, by when it was seen.
    var symptoms: [Fingerprint: (at: Timestamp, isRaised: Bool)] = [:]
    var job: JobKind?
    var lease: Lease?
    var steps: [PlannedStep] = []
    var intents: [Int: Int] = [:]
    var verdict: Verification.Verdict?
    var escalation = Escalations()
    var words: Set<PersonVerb.Name> = []
    /// Where in the journal its signals are.
    var signals: [UInt64] = []
  }

  let policy: EnginePolicy
  private(set) var checks = 0
  private(set) var cases: [IncidentID: Case] = [:]
  private var openBySeries: [Fingerprint: IncidentID] = [:]
  private var signals: Set<String> = []
  private var postings: Set<String> = []
  private var lastToken: UInt64 = 0
  private var lastAt = Timestamp(milliseconds: 0)
  private var lastEpoch: UInt64 = 0
  /// How far the leader's clock is from true time, for its whole term.
  private var offset: Int64?
  /// Every announcement, with when it was decided in true time: a leader's clock may be minutes off.
  private var announced: [String: (announcement: Announcement, decided: Int64)] = [:]
  private var intended: Set<String> = []
  /// What was really measured, by token.
  private var measured: [UInt64: Verification.Verdict] = [:]
  /// Runs of steps that must not run twice.
  private var runs: [String: Int] = [:]
  /// How often each sink took each key.
  private var taken: [String: Int] = [:]
  private(set) var repeats = 0
  /// Who took what, as the journal has it.
  private var told: Set<String> = []
  /// What the lives were full of.
  private(set) var deeds: [String: Int] = [:]
  /// Signals that got another name on their way, by the mutant that does so.
  var renamed = 0
  var quietSince: Int64?

  init(policy: EnginePolicy) {
    self.policy = policy
  }

  /// Takes what was appended.
  mutating func take(
    _ events: [EngineEvent], from first: Int, epochs: [UInt64], decided: Int64, complain: Complaint
  ) {
    for place in first..<events.count {
      let event = events[place]
      checks += 4
      if event.sequence != UInt64(place + 1) {
        complain("the journal has no gaps", "record \(place + 1) has the number \(event.sequence)")
      }
      if event.at < lastAt {
        complain("time never goes back", "\(event.sequence) is before the one before it")
      }
      lastAt = max(lastAt, event.at)
      if epochs[place] < lastEpoch {
        complain("no two leaders both journal", "epoch \(epochs[place]) wrote after \(lastEpoch)")
      }
      if epochs[place] != lastEpoch { offset = nil }
      lastEpoch = epochs[place]
      let away = event.at.milliseconds - Simulation.epoch.milliseconds - decided
      if let offset, offset != away {
        complain("a leader's time goes on evenly", "it jumped by \(away - offset) ms at \(event.sequence)")
      }
      offset = away
      take(event, decided, complain)
    }
  }

  private mutating func take(_ event: EngineEvent, _ decided: Int64, _ complain: Complaint) {
    switch event.fact {
    case .opened(let signal, _), .signalled(let signal), .noted(let signal, _): note(signal, complain)
    case .announced(let announcement):
      if announced.updateValue((announcement, decided), forKey: announcement.key) != nil {
        complain("nobody is told twice", "\(announcement.key) was announced twice")
      }
    case .announcementTold(let key, let sink): told.insert("\(sink)/\(key)")
    default: break
    }
    if let deed = Self.deed(event) { deeds[deed, default: 0] += 1 }
    guard let id = event.incident else { return }
    if case .opened(let signal, _) = event.fact {
      if cases[id] != nil { complain("an incident is opened once", "\(id)") }
      if let other = openBySeries[signal.fingerprint] {
        complain("a series has one open incident", "\(other) is open and \(id) was opened")
      }
      cases[id] = Case()
    }
    guard var one = cases.removeValue(forKey: id) else {
      return complain("an incident is opened first", "\(event.sequence) speaks of \(id)")
    }
    switch event.fact {
    case .opened, .signalled: one.signals.append(event.sequence)
    default: break
    }
    if !one.isOpen { judgeAfterEnd(event, id, complain) }
    judge(event, id, &one, complain)
    one.escalation.take(event, policy: policy.escalation, severity: one.severity) {
      complain($0, "\(id): \($1)")
    }
    cases[id] = one
  }

  /// Takes what readers are shown after a commit.
  /// - Parameter sequence: of the latest event that it is said to know of.
  mutating func shown(_ incident: Incident, _ sequence: UInt64, complain: Complaint) {
    checks += 1
    let known = cases[incident.id]?.signals.count { $0 <= sequence } ?? 0
    if incident.count != known {
      complain(
        "readers see what is durable",
        "\(incident.id) was shown with \(incident.count) signals, of which \(known) are in the journal")
    }
  }

  private static func deed(_ event: EngineEvent) -> String? {
    switch event.fact {
    case .opened: "incidents opened"
    case .leased(let lease, _, _, _, _): lease.kind == .diagnose ? "diagnoses leased" : "remedies leased"
    case .leaseLost: "leases lost"
    case .stepIntended: "steps begun"
    case .verified(let verification): "verified \(verification.verdict.rawValue)"
    case .resolved(let auto, _): auto ? "resolved by a remedy" : "resolved otherwise"
    case .escalated: "handed to people"
    case .climbed: "levels told"
    case .acknowledged, .approved, .snoozed, .markedFalsePositive: "words of people"
    default: nil
    }
  }

  private mutating func note(_ signal: Signal, _ complain: Complaint) {
    checks += 1
    let name = signal.id.split(separator: "#").first.map(String.init) ?? signal.id
    if !signals.insert(name).inserted {
      complain("a signal counts once", "\(name) is in the journal twice")
    }
    if let dash = name.lastIndex(of: "-") { postings.insert(String(name[..<dash])) }
  }

  private func judgeAfterEnd(_ event: EngineEvent, _ id: IncidentID, _ complain: Complaint) {
    switch event.fact {
    case .announced, .announcementTold, .announcementSettled: break
    default: complain("what has ended stays as it is", "\(id) has ended and \(event.sequence) changes it")
    }
  }

  private mutating func judge(
    _ event: EngineEvent, _ id: IncidentID, _ one: inout Case, _ complain: Complaint
  ) {
    checks += 1
    switch event.fact {
    case .opened(let signal, _), .signalled(let signal):
      one.see(signal)
      openBySeries[signal.fingerprint] = id
    case .queued(let kind, _): one.job = kind
    case .leased(let lease, _, _, _, _):
      if lease.token <= lastToken || one.lease != nil || one.job != lease.kind {
        complain("a job has one worker at a time", "\(lease.token) on \(id) was given out of turn")
      }
      lastToken = lease.token
      one.lease = lease
    case .leaseLost: one.lease = nil
    case .jobEnded:
      one.job = nil
      one.lease = nil
    case .diagnosed(let diagnosis): one.steps = diagnosis.remedy?.steps ?? []
    case .stepIntended(let place, let name, let token):
      if one.lease?.token != token {
        complain("a stale lease changes nothing", "step \(place) of \(id) under \(token)")
      }
      one.intents[place, default: 0] += 1
      intended.insert("\(id)/\(place)/\(token)")
      if name.hasPrefix("once"), one.intents[place] ?? 0 > 1 {
        complain("a step that must not run twice is granted once", "step \(place) of \(id)")
      }
    case .stepConcluded, .exchanged:
      if one.lease == nil { complain("a stale lease changes nothing", "\(event.sequence) on \(id)") }
    case .verified(let verification):
      one.verdict = verification.verdict
      if let token = one.lease?.token, verification.verdict == .recovered, measured[token] != .recovered {
        complain("unknown is not recovered", "\(id) under \(token)")
      }
    case .resolved(let auto, _): judgeEnd(auto, event, id, one, complain)
    case .acknowledged: one.words.insert(.acknowledge)
    case .approved: one.words.insert(.approve)
    case .snoozed: one.words.insert(.snooze)
    default: break
    }
    switch event.fact {
    case .resolved, .markedFalsePositive:
      one.isOpen = false
      one.words.formUnion([.resolve, .falsePositive])
      for series in one.symptoms.keys where openBySeries[series] == id { openBySeries[series] = nil }
    default: break
    }
  }

  private func judgeEnd(
    _ auto: Bool, _ event: EngineEvent, _ id: IncidentID, _ one: Case, _ complain: Complaint
  ) {
    if auto {
      if one.verdict != .recovered {
        complain("resolved means measured", "\(id) without a recovered verdict")
      }
    } else if event.actor == "coordinator", one.symptoms.values.contains(where: \.isRaised) {
      complain("resolved means measured", "\(id) while a symptom is there")
    }
  }

  // MARK: What others saw

  /// An agent was told that these signals are durable.
  mutating func accepted(_ ids: [String], store: SimStore, complain: Complaint) {
    checks += 1
    for id in ids where !signals.contains(id) {
      complain("what was acknowledged is in the journal", "signal \(id)")
    }
  }

  /// A monitor was told that its alert is durable.
  mutating func posted(_ posting: String, store: SimStore, complain: Complaint) {
    checks += 1
    if !postings.contains(posting) {
      complain("what was acknowledged is in the journal", "posting \(posting)")
    }
  }

  /// A person was told that a word holds.
  mutating func obeyed(_ deed: PersonDeed, store: SimStore, complain: Complaint) {
    checks += 1
    if cases[deed.incident]?.words.contains(deed.verb.name) != true {
      complain("what was acknowledged is in the journal", "\(deed.verb) of \(deed.incident)")
    }
  }

  /// A step begins to run.
  mutating func runs(
    _ job: Job, _ place: Int, _ step: PlannedStep, at now: Int64, store: SimStore, complain: Complaint
  ) {
    checks += 2
    if !intended.contains("\(job.lease.incident)/\(place)/\(job.lease.token)") {
      complain(
        "a step runs after its intent is durable",
        "step \(place) of \(job.lease.incident) under \(job.lease.token) at \(now)")
    }
    guard step.name.hasPrefix("once") else { return }
    runs["\(job.lease.incident)/\(place)", default: 0] += 1
    if runs["\(job.lease.incident)/\(place)"] ?? 0 > 1 {
      complain("a step that must not run twice runs once", "step \(place) of \(job.lease.incident)")
    }
  }

  /// What was really measured after a remedy.
  mutating func measured(_ lease: Lease, _ verdict: Verification.Verdict) { measured[lease.token] = verdict }

  /// The leader is about to tell a sink; one that takes it twice before the journal knows is nobody's fault.
  mutating func tells(_ key: String, _ sink: String, complain: Complaint) {
    checks += 1
    if told.contains("\(sink)/\(key)") {
      complain("nobody is told twice", "\(sink) has taken \(key) by the journal, and is told again")
    }
  }

  /// A sink took a notification.
  mutating func told(_ notification: Notification, _ sink: String, store: SimStore, complain: Complaint) {
    checks += 1
    guard announced[notification.key] != nil else {
      return complain("people are told what is in the journal", "\(sink) was told \(notification.key)")
    }
    taken["\(sink)/\(notification.key)", default: 0] += 1
    if taken["\(sink)/\(notification.key)"] ?? 0 > 1 { repeats += 1 }
  }

  /// Counts a check made elsewhere.
  mutating func checked() { checks += 1 }

  /// Whether a sink took an announcement.
  func wasTold(_ key: String, _ sink: String) -> Bool { taken["\(sink)/\(key)"] != nil }

  /// The announcements of the journal that were decided between two moments of true time.
  func announcements(after: Int64, before: Int64) -> [Announcement] {
    announced.values.filter { $0.decided > after && $0.decided < before }
      .map(\.announcement).sorted { $0.key < $1.key }
  }
}

extension Audit.Case {
  mutating func see(_ signal: Signal) {
    if signal.state == .raised { severity = max(severity, signal.severity) }
    if let known = symptoms[signal.fingerprint], known.at > signal.observedAt { return }
    symptoms[signal.fingerprint] = (signal.observedAt, signal.state == .raised)
  }
}
