import IncidentModel
import MessageBus

/// Random values of every message from a seed, the same on every machine.
struct Generator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// SplitMix64 (Steele, Lea, Flood 2014).
  mutating func bits() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func int(_ bound: Int) -> Int { Int(bits() % UInt64(bound)) }
  mutating func bool() -> Bool { bits() & 1 == 0 }
  mutating func share() -> Double { Double(bits() >> 11) / Double(1 << 53) }
  mutating func amount() -> Double { share() * 1e6 }
  mutating func number() -> Double { (share() - 0.5) * 2e9 }
  mutating func time() -> Timestamp { Timestamp(milliseconds: Int64(bits() % 4_000_000_000_000) - 1_000_000) }
  mutating func pick<T>(_ options: [T]) -> T { options[int(options.count)] }
  mutating func maybe<T>(_ make: (inout Generator) -> T) -> T? { bool() ? make(&self) : nil }
  mutating func list<T>(_ bound: Int = 4, _ make: (inout Generator) -> T) -> [T] {
    (0..<int(bound)).map { _ in make(&self) }
  }

  mutating func text() -> String {
    let letters: [Character] = ["a", "Z", "7", " ", "\"", "\\", "\n", "\u{0}", "é", "→", "🔥", "{", "%"]
    return String((0..<int(20)).map { _ in pick(letters) })
  }
  mutating func name() -> String { "n" + text() }

  mutating func labels() -> [String: String] {
    Dictionary(list { ($0.name(), $0.text()) }, uniquingKeysWith: { a, _ in a })
  }

  mutating func rule() -> SignalRule {
    SignalRule(
      kind: pick([.threshold, .baseline, .sourceFailure, .alert]), condition: pick(Condition.allCases),
      threshold: number(), clearThreshold: number(), text: text())
  }

  mutating func signal() -> Signal {
    let metric = name()
    let labels = labels()
    return Signal(
      id: name(), fingerprint: Fingerprint(source: "host", metric: metric, labels: labels),
      state: pick([.raised, .cleared]), metric: metric, source: text(), labels: labels, value: number(),
      unit: text(), rule: rule(), score: share(), severity: pick(Severity.allCases), observedAt: time(),
      breachedSince: time(), detector: text())
  }

  mutating func metric() -> HealthMetric {
    HealthMetric(
      name: name(), value: number(), threshold: number(), unit: text(), timestamp: time(), source: text(),
      healthy: bool())
  }

  mutating func action() -> Action {
    let filter = SessionFilter(
      state: maybe { $0.text() }, application: maybe { $0.text() }, role: maybe { $0.text() },
      olderThanSeconds: amount(), limit: int(100))
    return switch int(10) {
    case 0: .terminateBackends(filter)
    case 1: .cancelQueries(filter)
    case 2:
      .setTimeouts(
        TimeoutSettings(
          role: name(), statementSeconds: maybe { $0.bool() ? -1 : $0.amount() },
          idleInTransactionSeconds: maybe { $0.bool() ? -1 : $0.amount() }))
    case 3: .setPoolSize(PoolSize(database: name(), size: int(1000)))
    case 4: .clearCache(KeyFilter(pattern: name(), limit: int(1000)))
    case 5: .setMaxMemory(MemoryLimit(bytes: Int64(bits() >> 1)))
    case 6:
      .deleteFiles(FileFilter(folder: text(), pattern: name(), olderThanSeconds: amount(), limit: int(9)))
    case 7: .runCommand(CommandCall(command: name(), arguments: list { $0.text() }))
    case 8: .httpRequest(EndpointCall(endpoint: name(), body: maybe { $0.text() }))
    default: .notify(Notice(sink: name(), text: text()))
    }
  }

  mutating func step() -> PlannedStep {
    PlannedStep(
      name: name(), action: action(), target: text(), timeoutSeconds: amount(), retries: int(9),
      idempotent: bool(), rollback: bool())
  }

  mutating func record() -> StepRecord {
    StepRecord(
      index: int(9), name: name(), state: pick([.intended, .succeeded, .failed, .rolledBack]),
      detail: text(), undo: maybe { $0.action() }, attempts: int(5), startedAt: time(),
      endedAt: maybe { $0.time() })
  }

  mutating func outcome() -> StepOutcome {
    StepOutcome(
      index: int(9), state: pick([.succeeded, .failed, .rolledBack]), detail: text(),
      undo: maybe { $0.action() })
  }

  mutating func verification() -> Verification {
    Verification(
      verdict: pick([.recovered, .notRecovered, .unknown]), detail: text(),
      measurements: list { $0.metric() }, at: time())
  }

  mutating func exchange() -> Exchange {
    Exchange(
      number: 1 + int(Exchange.limit), question: text(), tool: text(), query: text(), finding: text(),
      at: time())
  }

  mutating func diagnosis() -> Diagnosis {
    func hypothesis(_ g: inout Generator) -> Hypothesis {
      Hypothesis(
        cause: g.text(),
        family: g.maybe {
          $0.pick([.connectionPool, .memory, .cpu, .disk, .slowQueries, .availability])
        },
        confidence: g.share(),
        evidence: g.list {
          Evidence(statement: $0.text(), query: $0.text(), tool: $0.text(), observedAt: $0.time())
        })
    }
    return Diagnosis(
      hypotheses: [hypothesis(&self)] + list { hypothesis(&$0) },
      remedy: maybe { g in
        Remedy(
          runbook: g.name(),
          parameters: Dictionary(
            g.list { ($0.name(), $0.bool() ? .text($0.text()) : .number($0.number())) },
            uniquingKeysWith: { a, _ in a }),
          steps: g.list { $0.step() })
      }, recommendations: list { $0.text() })
  }

  mutating func incidentID() -> IncidentID { IncidentID(number: UInt32(truncatingIfNeeded: bits())) }

  mutating func incident() -> Incident {
    let opening = signal()
    var incident = Incident(
      id: incidentID(), openedBy: opening, autonomy: pick(Autonomy.allCases), at: time())
    incident.name = text()
    incident.description = text()
    incident.severity = pick(Severity.allCases)
    incident.status = pick(IncidentStatus.allCases)
    incident.resolvedAt = maybe { $0.time() }
    incident.rootCause = maybe { $0.text() }
    incident.resolutionSteps = list { $0.text() }
    incident.affectedSystems = list { $0.name() }
    incident.metrics = list { $0.metric() }
    incident.logs = list { $0.text() }
    incident.autoResolved = bool()
    incident.escalatedTo = maybe { $0.text() }
    incident.updatedAt = time()
    incident.count = int(1000)
    incident.symptoms =
      [Symptom(first: opening, latest: signal(), count: int(99))]
      + list { Symptom(first: $0.signal(), latest: $0.signal(), count: $0.int(99)) }
    incident.dialogue = list { $0.exchange() }
    incident.diagnosis = maybe { $0.diagnosis() }
    incident.awaitingApproval = bool()
    incident.approved = maybe { PersonMark(by: $0.text(), at: $0.time()) }
    incident.acknowledged = maybe { PersonMark(by: $0.text(), at: $0.time()) }
    incident.snoozedUntil = maybe { $0.time() }
    incident.steps = list { $0.record() }
    incident.verification = maybe { $0.verification() }
    incident.escalationReason = maybe { $0.text() }
    incident.timeline = list {
      TimelineEntry(at: $0.time(), kind: $0.text(), actor: $0.text(), text: $0.text())
    }
    return incident
  }

  mutating func digest() -> IncidentDigest {
    var digest = IncidentDigest(incident())
    digest.target = maybe { $0.text() }
    digest.runbook = maybe { $0.text() }
    return digest
  }

  mutating func lease() -> Lease {
    Lease(incident: incidentID(), kind: pick(JobKind.allCases), token: bits())
  }

  mutating func job() -> Job { Job(lease: lease(), incident: incident(), attempt: 1 + int(5)) }

  mutating func result() -> JobResult {
    switch int(3) {
    case 0: .diagnosed(diagnosis())
    case 1: .remedied(verification(), message: text())
    default: .failed(reason: text())
    }
  }

  mutating func info() -> AgentInfo {
    AgentInfo(
      instance: name(), kind: pick(AgentKind.allCases), name: name(), version: text(),
      pid: Int32(truncatingIfNeeded: bits()), targets: list { $0.name() })
  }

  mutating func agentMessage(_ kind: Int) -> AgentMessage {
    switch kind % 11 {
    case 0: .hello(info())
    case 1:
      .heartbeat(
        Heartbeat(
          sequence: bits(), load: amount(), freeSlots: int(9), leases: list { $0.lease() },
          spool: maybe { $0.spoolReport() }))
    case 2: .signals(batch: bits(), list { $0.signal() })
    case 3: .exchanged(request: bits(), exchange(), lease())
    case 4: .intend(request: bits(), step: int(9), name: name(), lease())
    case 5: .concluded(request: bits(), outcome(), lease())
    case 6: .finished(request: bits(), result(), lease())
    case 7: .snapshot(request: bits())
    case 8:
      .shards(
        ShardReport(
          sequence: bits(), offers: list { ShardOffer($0.shard(), intervalSeconds: $0.amount()) },
          held: list { $0.held() }, released: list { $0.held() }))
    case 9: .shardMemory(ShardMemory(held(), isReleased: bool(), bytes: bytes()))
    default: .goodbye
    }
  }

  mutating func shard() -> Shard {
    Shard(target: name(), metric: maybe { $0.name() }, host: maybe { $0.name() })
  }
  mutating func held() -> HeldShard { HeldShard(shard(), ShardStamp(epoch: bits(), number: bits())) }
  mutating func bytes() -> [UInt8] { list(40) { UInt8(truncatingIfNeeded: $0.bits()) } }

  mutating func spoolReport() -> SpoolReport {
    var report = SpoolReport()
    report.waiting = int(10_000)
    report.coalesced = int(10_000)
    report.dropped = int(10_000)
    report.unkept = int(10_000)
    report.bytes = int(1 << 40)
    report.throttledSeconds = amount()
    return report
  }

  mutating func coordinatorMessage(_ kind: Int) -> CoordinatorMessage {
    switch kind % 15 {
    case 0:
      .welcome(
        Welcome(
          coordinator: name(), version: text(), leaseSeconds: 1 + share(), heartbeatSeconds: 1 + share(),
          changesEndpoint: text(), epoch: bits(), assignsShards: bool()))
    case 1: .heartbeatAcknowledged(sequence: bits(), leases: list { $0.lease() })
    case 2: .accepted(batch: bits(), pause: UInt32(truncatingIfNeeded: bits()))
    case 3: .work(job())
    case 4: .granted(request: bits())
    case 5: .refused(request: bits(), reason: text())
    case 6: .revoked(lease(), reason: text())
    case 7: .unknownAgent
    case 8: .snapshot(request: bits(), snapshot())
    case 9: .notLeading(leader: maybe { $0.name() })
    case 10: .shardGranted(ShardGrant(held(), memory: bytes(), standing: list { $0.signal() }))
    case 11: .shardRecalled(held())
    case 12: .shardPassedOn(held())
    case 13: .shardsNoted(ShardNotice(latest: ShardStamp(epoch: bits(), number: bits()), isSettled: bool()))
    default: .rejected(reason: text())
    }
  }

  mutating func snapshot() -> Snapshot {
    Snapshot(coordinator: name(), sequence: bits(), incidents: list { $0.digest() })
  }

  mutating func change() -> Change {
    Change(sequence: bits(), coordinator: name(), incident: digest())
  }

  /// Changes a few bytes: flips, cuts, repeats, inserts.
  mutating func mutated(_ frame: [UInt8]) -> [UInt8] {
    var bytes = frame
    for _ in 0...int(3) where !bytes.isEmpty {
      let at = int(bytes.count)
      switch int(5) {
      case 0: bytes[at] = UInt8(truncatingIfNeeded: bits())
      case 1: bytes[at] ^= 1 << UInt8(int(8))
      case 2: bytes.removeSubrange(at...)
      case 3: bytes.insert(UInt8(truncatingIfNeeded: bits()), at: at)
      default: bytes.append(contentsOf: bytes[at...].prefix(16))
      }
    }
    return bytes
  }
}
