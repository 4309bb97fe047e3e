import HeapModule
package import IncidentModel
import OrderedCollections

/// The functional core: decides what every input means for the incidents.
///
/// A value type without clock, randomness, I/O or `await`: the same inputs at the
/// same moments always give the same decisions. The shell around it makes a
/// decision's events durable, then does its effects, then gives its reply.
package struct Engine: Sendable {
  /// What it decides by.
  package let policy: EnginePolicy
  /// The latest moment it knows of.
  package var latest: Timestamp { now }
  /// What it knows.
  package private(set) var state = EngineState()

  /// What happened on the bus and is still to be said; like the workers not from the journal.
  var unsaidAccess = UnsaidAccess()
  /// The decision in the making.
  var decision = Decision()
  /// The moment of the decision in the making.
  var now = Timestamp(milliseconds: 0)

  /// An engine that knows nothing yet.
  package init(policy: EnginePolicy) {
    self.policy = policy
  }

  /// Decides on one input. Time never goes backwards: an earlier `now` counts as the latest one seen.
  package mutating func handle(_ input: EngineInput, at moment: Timestamp) -> Decision {
    now = max(now, moment)
    decision = Decision()
    switch input {
    case .signals(let signals): for signal in signals { take(signal) }
    case .alerts(let alerts, let posting, let token):
      decision.reply = take(alerts, posting: posting, token: token)
    case .joined(let info, let identity): join(info, identity)
    case .heartbeat(let instance, let load, let slots, let leases):
      decision.reply = heartbeat(instance, load: load, freeSlots: slots, leases: leases)
    case .left(let instance): leave(instance)
    case .undelivered(let lease, let instance, let forGood): undelivered(lease, instance, forGood: forGood)
    case .exchanged(let exchange, let lease, let instance):
      decision.reply = exchanged(exchange, lease, instance)
    case .intend(let step, let name, let lease, let instance):
      decision.reply = intend(step, name, lease, instance)
    case .concluded(let outcome, let lease, let instance):
      decision.reply = concluded(outcome, lease, instance)
    case .finished(let result, let lease, let instance):
      decision.reply = finished(result, lease, instance)
    case .person(let verb, let id, let person, let note):
      decision.reply = take(verb, on: id, by: person, note: note)
    case .announcementTold(let key, let sink): told(key, sink)
    case .announcementSettled(let key, let outcome): settle(key, outcome)
    case .archive(let before): decision.reply = archive(before: before)
    case .allowed(let keys, let kinds): allowed(keys, kinds)
    case .refused(let peers): refused(peers)
    case .tick: tick()
    }
    dispatch()
    defer { decision = Decision() }
    return decision
  }

  /// Takes an event of the journal, at the start.
  package mutating func replay(_ event: EngineEvent) {
    state.apply(event, policy: policy)
    now = max(now, event.at)
  }

  /// Ends the replay: leases that were out may be renewed by their workers for one more duration.
  /// - Returns: announcements that were never settled, to be told (again, under the same key).
  package mutating func resume(at moment: Timestamp) -> [Announcement] {
    now = max(now, moment)
    for id in state.leased {
      state.records[id]?.job?.lease?.expires = now + policy.leaseDuration
      reschedule(id)
    }
    return state.announcements.values.sorted { ($0.at, $0.key) < ($1.at, $1.key) }
  }

  // MARK: Building blocks

  /// Keeps a fact and takes it into the state.
  /// - Parameter why: for the audit, where the fact itself doesn't say.
  mutating func emit(
    _ fact: Fact, on incident: IncidentID? = nil, by actor: String = "coordinator", why: String? = nil
  ) {
    var event = EngineEvent(
      sequence: state.sequence + 1, at: now, incident: incident, actor: actor, fact: fact)
    let before = incident.flatMap { state.records.standing($0) }
    state.apply(event, policy: policy)
    if let incident, let before, let after = state.records.standing(incident) {
      event.change = change(by: fact, on: incident, from: before, to: after, why: why)
    }
    decision.events.append(event)
  }

  /// Adds or changes a worker; the journal doesn't speak of workers.
  mutating func add(_ worker: Worker) { state.workers[worker.info.instance] = worker }
  /// Takes a worker out.
  mutating func removeWorker(_ instance: String) { state.workers[instance] = nil }

  /// Extends a lease without a word in the journal: after a restart it gets a full duration anyway.
  mutating func renew(_ id: IncidentID) {
    state.records[id]?.job?.lease?.expires = now + policy.leaseDuration
    reschedule(id)
  }

  private mutating func reschedule(_ id: IncidentID) {
    guard let entry = state.records.unique(id) else { return }
    state.schedule(id, &entry.record)
  }

  /// The next record whose deadline has come, with stale entries dropped and later ones put back.
  mutating func popDue() -> IncidentID? {
    while let first = state.deadlines.min, first.at <= now {
      state.deadlines.removeMin()
      guard let entry = state.records.unique(first.incident) else { continue }
      if entry.record.queuedDeadline == first.at { entry.record.queuedDeadline = nil }
      let due = entry.record.nextMoment.map { $0 <= now } ?? false
      if !due { state.schedule(first.incident, &entry.record) }
      if due { return first.incident }
    }
    return nil
  }

  /// The next deadlines, soonest first: for people.
  package func nextDeadlines(_ limit: Int) -> [(at: Timestamp, incident: IncidentID, what: String)] {
    // The queue knows the order of nearly all of them; an entry may be too early, but never too late.
    var queue = state.deadlines
    var seen: Set<IncidentID> = []
    var next: [(at: Timestamp, incident: IncidentID, what: String)] = []
    while next.count < limit, let first = queue.popMin() {
      guard let due = state.records[first.incident]?.nextDeadline else { continue }
      if due.at > first.at {
        queue.insert(Deadline(at: due.at, incident: first.incident))
      } else if seen.insert(first.incident).inserted {
        next.append((at: due.at, incident: first.incident, what: due.what))
      }
    }
    return next
  }
}
