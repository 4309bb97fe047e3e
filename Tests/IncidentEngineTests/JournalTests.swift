import FoundationEssentials
import IncidentEngine
import IncidentModel
import Testing

@Suite("The journal is all there is")
struct JournalTests {
  private static let verbs: [PersonVerb] = [
    .acknowledge, .acknowledge, .approve, .resolve, .falsePositive, .snooze(.seconds(60)),
    .snooze(.seconds(600)), .snooze(.zero),
  ]

  /// Plays a random life of a small cluster and gives what came of it.
  ///
  /// - Parameters:
  ///   - change: what is different in the policy.
  ///   - each: what else happens after every step.
  static func life(
    seed: UInt64, steps: Int = 400, policy change: (inout EnginePolicy) -> Void = { _ in },
    each: (inout EngineWorld) -> Void = { _ in }
  ) -> EngineWorld {
    var random = SplitMix(state: seed)
    var world = EngineWorld { policy in
      policy.maxEnded = 5
      policy.acknowledgementLimit = Bool.random(using: &random) ? .seconds(90) : nil
      policy.escalation = RandomPolicy.make(&random)
      policy.escalations["bank-db"] = RandomPolicy.make(&random)
      change(&policy)
    }
    let metrics = ["database_connection_usage", "database_slow_queries", "queue_depth"]
    let targets = ["shop-db", "bank-db", "museum-db"]
    let agents: [(AgentKind, String)] = [
      (.diagnoser, "s1"), (.diagnoser, "s2"), (.resolver, "w1"), (.resolver, "w2"),
    ]
    for _ in 0..<steps {
      defer { each(&world) }
      let lease = world.jobs.randomElement(using: &random)?.lease
      let incident = world.incidents.randomElement(using: &random)?.id
      let agent = agents.randomElement(using: &random) ?? agents[0]
      switch Int.random(in: 0..<14, using: &random) {
      case 0, 1, 2:
        let raised = Bool.random(using: &random)
        world.tell(
          .signals([
            world.signal(
              metrics.randomElement(using: &random) ?? "",
              target: targets.randomElement(using: &random) ?? "",
              value: raised ? 90 : 10, state: raised ? .raised : .cleared)
          ]))
      case 3: world.join(agent.0, agent.1)
      case 4: if Int.random(in: 0..<4, using: &random) == 0 { world.tell(.left(instance: agent.1)) }
      case 5, 6: for agent in agents { world.beat(agent.1) }
      case 7:
        guard let lease else { continue }
        let diagnosis = EngineWorld.diagnosis(steps: 2, idempotent: Bool.random(using: &random))
        let result: JobResult = Bool.random(using: &random) ? .diagnosed(diagnosis) : .failed(reason: "no")
        world.tell(.finished(result, lease, instance: agent.1))
      case 8, 9:
        guard let lease else { continue }
        world.tell(.intend(step: Int.random(in: 0..<3, using: &random), name: "", lease, instance: agent.1))
      case 10:
        guard let lease else { continue }
        let states: [StepRecord.State] = [.succeeded, .failed, .rolledBack]
        world.tell(
          .concluded(
            StepOutcome(
              index: Int.random(in: 0..<2, using: &random),
              state: states.randomElement(using: &random) ?? .failed,
              detail: "d"), lease, instance: agent.1))
      case 11:
        guard let lease else { continue }
        let verdicts: [Verification.Verdict] = [.recovered, .notRecovered, .unknown]
        let verification = EngineWorld.verification(
          verdicts.randomElement(using: &random) ?? .unknown, at: world.now)
        world.tell(.finished(.remedied(verification, message: "m"), lease, instance: agent.1))
      case 12:
        guard let incident, let verb = Self.verbs.randomElement(using: &random) else { continue }
        world.tell(.person(verb, incident, by: "ann", note: Bool.random(using: &random) ? "why" : nil))
      case 13 where Int.random(in: 0..<20, using: &random) == 0: world.pass(.seconds(300))
      default: world.pass(.seconds(Int.random(in: 0..<40, using: &random)))
      }
    }
    return world
  }

  @Test("replayed, it gives the same incidents, jobs and timers", arguments: 1...40 as ClosedRange<UInt64>)
  func replay(seed: UInt64) throws {
    let world = Self.life(seed: seed)
    let copy = world.replayed()
    #expect(copy.state.sequence == world.engine.state.sequence)
    #expect(copy.state.records.keys.sorted() == world.engine.state.records.keys.sorted())
    for (id, record) in world.engine.state.records {
      let other = try #require(copy.state.records[id])
      #expect(other.incident == record.incident)
      #expect(other.job?.deadline == record.job?.deadline)
      #expect(other.job?.lease?.lease == record.job?.lease?.lease)
      #expect(other.settlesAt == record.settlesAt)
      #expect(other.escalation == record.escalation)
      #expect(other.answerEnd == record.answerEnd)
    }
    #expect(copy.state.announcements == world.engine.state.announcements)
    #expect(copy.state.difference(from: world.engine.state) == nil)
  }

  @Test("an incident of which only the opening and the latest are read is shown as it ended")
  func gap() throws {
    var world = EngineWorld()
    world.tell(.signals([world.signal()]))
    for _ in 0..<100 {
      world.now = world.now + .seconds(1)
      world.tell(.signals([world.signal()]))
    }
    let id = world.only.id
    world.tell(.person(.resolve, id, by: "ann", note: nil))
    let events = world.journal.filter { $0.incident == id }
    #expect(Incident.replayed(from: events) == world.only)
    let incident = try #require(Incident.replayed(from: Array(events.prefix(1) + events.suffix(5))))
    #expect(incident.id == id)
    #expect(incident.detectedAt == world.only.detectedAt)
    #expect(incident.status == .resolved)
    #expect(incident.resolvedAt == world.only.resolvedAt)
    #expect(Incident.replayed(from: Array(events.suffix(5))) == nil)
  }

  @Test("its events survive JSON to the last field", arguments: 1...5 as ClosedRange<UInt64>)
  func json(seed: UInt64) throws {
    let encoder = JSONCoding.encoder()
    let decoder = JSONCoding.decoder()
    for event in Self.life(seed: seed).journal {
      #expect(try decoder.decode(EngineEvent.self, from: encoder.encode(event)) == event)
    }
  }

  @Test("whatever happens, the laws hold", arguments: 100...160 as ClosedRange<UInt64>)
  func laws(seed: UInt64) throws {
    let world = Self.life(seed: seed)
    #expect(world.journal.map(\.sequence) == Array(1...UInt64(world.journal.count)))
    var verdicts: [IncidentID: Verification.Verdict] = [:]
    var plans: [IncidentID: [PlannedStep]] = [:]
    var intents: [String: Int] = [:]
    var tokens: [UInt64] = []
    for event in world.journal {
      switch event.fact {
      case .leased(let lease, _, _, _, _): tokens.append(lease.token)
      case .diagnosed(let diagnosis): plans[try #require(event.incident)] = diagnosis.remedy?.steps
      case .verified(let verification): verdicts[try #require(event.incident)] = verification.verdict
      case .stepIntended(let index, _, _):
        let id = try #require(event.incident)
        intents["\(id)/\(index)", default: 0] += 1
        #expect(plans[id]?[index].idempotent == true || intents["\(id)/\(index)"] == 1)
      case .resolved(let auto, _) where auto: #expect(verdicts[try #require(event.incident)] == .recovered)
      default: break
      }
    }
    #expect(tokens == tokens.sorted() && Set(tokens).count == tokens.count)
    // Every open incident has a deadline, or is in the hands of somebody who answered.
    for record in world.engine.state.records.values where record.incident.status.isOpen {
      #expect(record.nextDeadline != nil || record.incident.acknowledged != nil, "\(record.incident)")
    }
  }
}

/// SplitMix64 (Steele, Lea and Flood, 2014): a small seeded generator.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
