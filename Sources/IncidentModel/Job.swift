/// What kind of agent a process is.
package enum AgentKind: String, Codable, Sendable, CaseIterable {
  case coordinator, detector, diagnoser, resolver
}

/// An agent as the coordinator knows it.
package struct AgentInfo: Hashable, Sendable, Codable {
  /// Unique to this run of the process.
  package var instance: String
  package var kind: AgentKind
  /// The name given by `--name`; several may share one.
  package var name: String
  package var version: String
  /// The process's id on its machine.
  package var pid: Int32
  /// The configured sources it can reach; what only its own machine can see once more by ``target(_:on:)``.
  package var targets: [String]

  /// An agent; see the fields.
  package init(
    instance: String, kind: AgentKind, name: String, version: String, pid: Int32, targets: [String]
  ) {
    self.instance = instance
    self.kind = kind
    self.name = name
    self.version = version
    self.pid = pid
    self.targets = targets
  }

  /// How an agent says that it reaches a source as it is on one machine.
  package static func target(_ name: String, on machine: String) -> String { "\(name)@\(machine)" }
}

/// What a worker is asked to do.
package enum JobKind: String, Codable, Sendable, CaseIterable {
  case diagnose, resolve

  /// The agents that do such work.
  package var worker: AgentKind { self == .diagnose ? .diagnoser : .resolver }
}

/// The right to work on one job until the lease ends. A higher token makes every lower one void.
package struct Lease: Hashable, Sendable, Codable {
  /// The incident that the job is about.
  package var incident: IncidentID
  package var kind: JobKind
  /// The fencing token, unique and rising over all jobs.
  package var token: UInt64

  /// A lease; see the fields.
  package init(incident: IncidentID, kind: JobKind, token: UInt64) {
    self.incident = incident
    self.kind = kind
    self.token = token
  }
}

/// Work that the coordinator leases to a diagnoser or resolver.
package struct Job: Hashable, Sendable {
  /// The right to do it.
  package var lease: Lease
  /// Everything known of the incident when the lease was given.
  package var incident: Incident
  /// 1 for the first worker that gets it.
  package var attempt: Int

  /// A job; see the fields.
  package init(lease: Lease, incident: Incident, attempt: Int) {
    self.lease = lease
    self.incident = incident
    self.attempt = attempt
  }
}

/// How a job ended, as the worker states it.
package enum JobResult: Hashable, Sendable, Codable {
  /// A diagnoser's answer, known or not.
  case diagnosed(Diagnosis)
  /// A resolver ran its steps and measured again; the message is the communications officer's.
  case remedied(Verification, message: String)
  /// The work could not be done or was given up; for people.
  case failed(reason: String)
}
