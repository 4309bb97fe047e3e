package import IncidentModel

/// What the world tells the engine.
package enum EngineInput: Sendable {
  /// A detector's statements. Those with an id that was seen before change nothing.
  case signals([Signal])
  /// An outside monitor's statements, in order, under an id of this one posting, and the name of the token that
  /// vouches for them, where there are tokens.
  case alerts([AIopsAlert], posting: String, token: String? = nil)
  /// An agent said hello; who it is by its key, where there are keys.
  case joined(AgentInfo, identity: AgentIdentity? = nil)
  /// An agent is there, may take so many more jobs, and holds these leases.
  case heartbeat(instance: String, load: Double, freeSlots: Int, leases: [Lease])
  /// An agent said goodbye or its connection is known to be gone.
  case left(instance: String)
  /// A job could not be handed to its worker: for now, or not at all because the wire can't carry it.
  case undelivered(Lease, instance: String, forGood: Bool)
  /// A diagnoser states one exchange of its dialogue.
  case exchanged(Exchange, Lease, instance: String)
  /// A resolver asks to run a step.
  case intend(step: Int, name: String, Lease, instance: String)
  /// A resolver states a step's fate.
  case concluded(StepOutcome, Lease, instance: String)
  /// A worker states how its job ended.
  case finished(JobResult, Lease, instance: String)
  /// A person's word.
  case person(PersonVerb, IncidentID, by: String, note: String?)
  /// One sink took an announcement; others are still being tried.
  case announcementTold(key: String, sink: String)
  /// What became of an announcement.
  case announcementSettled(key: String, outcome: String)
  /// What ended before that moment may be forgotten; the journal's records of it are to be archived.
  case archive(before: Timestamp)
  /// Who may connect to the bus now: the public key of every name.
  case allowed([String: String], kinds: [String: AgentKind] = [:])
  /// Who was kept off the bus since this was last said.
  case refused([RefusedPeers])
  /// Time went on.
  case tick
}

/// What comes of one input: facts to keep, things to do once they are kept, and an answer.
package struct Decision: Sendable, Equatable {
  /// To be made durable, in order, before anything else.
  package var events: [EngineEvent] = []
  /// To be done after that.
  package var effects: [EngineEffect] = []
  /// For whoever gave the input, after that.
  package var reply = EngineReply.accepted

  /// Nothing.
  package init() {}
}

/// Something to do in the world.
package enum EngineEffect: Sendable, Equatable {
  /// Hand a job to a worker.
  case work(Job, instance: String)
  /// Take a lease back.
  case revoke(Lease, instance: String, reason: String)
  /// Tell people.
  case announce(Announcement)
}

/// The engine's answer to one input.
package enum EngineReply: Sendable, Equatable {
  case accepted
  /// What a worker asked for holds.
  case granted
  /// It doesn't, and why; for people.
  case refused(reason: String)
  /// The heartbeat's leases that still hold.
  case renewed([Lease])
  /// The agent must say hello first.
  case unknownAgent
  /// What became of each alert.
  case alerts([AlertPlacement])
  /// The incident after a person's word.
  case incident(Incident)
  case notFound
  /// What the store may archive.
  case archived(ArchivePoint)
  /// A person's word that does not fit the incident's state, and why.
  case conflict(reason: String)
}

/// What became of an alert.
package struct AlertPlacement: Sendable, Equatable {
  package var outcome: AlertOutcome
  /// The incident it belongs to, if any.
  package var incident: IncidentID?

  /// A placement; see the fields.
  package init(outcome: AlertOutcome, incident: IncidentID?) {
    self.outcome = outcome
    self.incident = incident
  }
}

/// What an alert did.
package enum AlertOutcome: String, Sendable, Codable {
  /// It began an incident.
  case opened
  /// It belongs to an incident that is open.
  case counted
  /// It says that the trouble is over.
  case cleared
  /// It is quiet: a false positive, or over before it began.
  case ignored
}
