import IncidentEngine
import IncidentModel
import Testing

@Suite("Which signals make one incident")
struct CorrelationTests {
  @Test("two detectors on one target make one incident")
  func twoDetectors() {
    var world = EngineWorld()
    world.tell(.signals([world.signal(detector: "d1")]))
    world.tell(.signals([world.signal(detector: "d2")]))
    #expect(world.incidents.count == 1)
    #expect(world.only.count == 2)
    #expect(world.only.symptoms.count == 1)
  }

  @Test("the same alert posted a hundred times makes one incident with a count")
  func hundredAlerts() {
    var world = EngineWorld()
    let alert = AIopsAlert(
      alertID: "a-1", metricName: "queue_depth", currentValue: 200, threshold: 100, condition: .above,
      timestamp: world.now, resource: "orders", description: "the queue grows")
    for number in 0..<100 {
      let reply = world.tell(.alerts([alert], posting: "posting-\(number)"))
      let placement = AlertPlacement(outcome: number == 0 ? .opened : .counted, incident: world.only.id)
      #expect(reply == .alerts([placement]))
    }
    #expect(world.incidents.count == 1)
    #expect(world.only.count == 100)
    #expect(world.only.severity == .critical)
  }

  @Test("an alert that came with a token is journaled under its name")
  func vouchedFor() {
    for (token, actor) in [(nil, "alert"), ("relay", "alert (token relay)")] as [(String?, String)] {
      var world = EngineWorld()
      let alert = AIopsAlert(
        alertID: "a-1", metricName: "queue_depth", currentValue: 200, threshold: 100, condition: .above,
        timestamp: world.now, resource: "orders", description: "the queue grows")
      world.tell(.alerts([alert], posting: "p", token: token))
      let opened = world.journal.first { if case .opened = $0.fact { true } else { false } }
      #expect(opened?.actor == actor)
    }
  }

  @Test("what is wrong on two machines is two incidents, each for the workers of its machine")
  func machines() {
    var world = EngineWorld()
    for host in ["web-1", "web-2"] {
      world.join(.diagnoser, "on-\(host)", slots: 9, targets: ["hosts", AgentInfo.target("hosts", on: host)])
    }
    for host in ["web-1", "web-2", "web-3"] {
      var signal = world.signal("host_disk_usage", target: "hosts")
      signal.source = "host"
      signal.labels[Label.host] = host
      signal.fingerprint = Fingerprint(source: "host", metric: signal.metric, labels: signal.labels)
      world.tell(.signals([signal]))
    }
    #expect(Set(world.incidents.map(\.machine)) == ["web-1", "web-2", "web-3"])
    for job in world.jobs.prefix(2) {
      #expect(world.leases(of: "on-\(job.incident.machine ?? "")").contains(job.lease))
    }
    // Nobody is on the third: whoever gets it says so.
    #expect(world.jobs.count == 3)
  }

  @Test("queries of one source that fail one after another are one incident, and tell people once")
  func queries() {
    var world = EngineWorld()
    func failure(_ query: String) -> Signal {
      var signal = world.signal("source_up", target: "prom", value: 0)
      signal.rule.kind = .sourceFailure
      signal.labels[Label.query] = query
      signal.severity = .critical
      signal.fingerprint = Fingerprint(source: "prometheus", metric: signal.metric, labels: signal.labels)
      return signal
    }
    world.tell(.signals([failure("errors")]))
    // Nobody diagnoses.
    world.pass(.seconds(130))
    #expect(world.only.status == .escalated)
    world.tell(.signals([failure("errors")]))
    let told = world.announcements.count
    world.tell(.signals([failure("latency")]))
    #expect(world.incidents.count == 1 && world.only.symptoms.count == 2)
    #expect(world.announcements.count == told)
  }

  @Test("a resent signal counts once")
  func resent() {
    var world = EngineWorld()
    let signal = world.signal()
    for _ in 0..<5 { world.tell(.signals([signal, signal])) }
    #expect(world.only.count == 1)
    #expect(world.journal.count { if case .opened = $0.fact { true } else { false } } == 1)
  }

  @Test("series of one target and family within the window join; later or elsewhere they don't")
  func families() {
    var world = EngineWorld()
    world.tell(.signals([world.signal("database_connection_usage")]))
    world.tell(.signals([world.signal("database_idle_in_transaction", value: 120)]))
    #expect(world.incidents.count == 1)
    #expect(world.only.severity == .high)
    world.tell(.signals([world.signal("database_slow_queries")]))
    world.tell(.signals([world.signal("database_connection_usage", target: "bank-db")]))
    #expect(world.incidents.count == 3)
    world.now = world.now + .seconds(301)
    world.tell(.signals([world.signal("database_longest_transaction")]))
    #expect(world.incidents.count == 4)
  }

  @Test("a late signal from before the end opens nothing; one from after it does")
  func lateSignal() {
    var world = EngineWorld()
    let late = world.signal()
    world.tell(.signals([world.signal()]))
    world.now = world.now + .seconds(10)
    world.tell(.person(.resolve, world.only.id, by: "ann", note: nil))
    world.tell(.signals([late]))
    #expect(world.incidents.count == 1)
    world.now = world.now + .seconds(1)
    world.tell(.signals([world.signal()]))
    #expect(world.incidents.count == 2)
  }

  @Test("a false positive is quiet until it clears or the time is over")
  func falsePositive() {
    var world = EngineWorld()
    world.tell(.signals([world.signal()]))
    world.tell(.person(.falsePositive, world.only.id, by: "ann", note: "load test"))
    #expect(world.only.status == .falsePositive)
    world.now = world.now + .seconds(60)
    world.tell(.signals([world.signal()]))
    #expect(world.incidents.count == 1)
    world.tell(.signals([world.signal(value: 10, state: .cleared)]))
    world.now = world.now + .seconds(60)
    world.tell(.signals([world.signal()]))
    #expect(world.incidents.count == 2)
  }

  @Test("incident ids never repeat")
  func ids() {
    var world = EngineWorld { $0.maxEnded = 10_000 }
    var seen = Set<IncidentID>()
    for number in 0..<5_000 {
      let alert = AIopsAlert(
        alertID: "a", metricName: "m", currentValue: 2, threshold: 1, condition: .above,
        timestamp: world.now, resource: "r\(number)", description: "")
      guard case .alerts(let placements) = world.tell(.alerts([alert], posting: "p\(number)")),
        let id = placements.first?.incident
      else {
        Issue.record("alert \(number) opened nothing")
        return
      }
      #expect(seen.insert(id).inserted)
      #expect(IncidentID(id.text) == id)
    }
  }

  @Test("every installation has its own ids, and a journal from before that keeps its numbering")
  func salted() throws {
    func firstID(_ change: (inout EngineWorld) -> Void) -> String {
      var world = EngineWorld()
      change(&world)
      world.tell(.signals([world.signal()]))
      return world.only.id.text
    }
    let ids = [firstID { _ in }, firstID { $0.now = $0.now + .milliseconds(1) }, firstID { _ = $0.signal() }]
    #expect(Set(ids).count == 3)
    #expect(firstID { _ in } == ids[0])

    // The first three ids of a counter that began without a salt, and went all over the numbers.
    var old = EngineWorld()
    old.tell(.signals([old.signal()]))
    old.tell(.signals([old.signal(target: "another")]))
    var engine = Engine(policy: old.engine.policy)
    var numbers = ["INC-92CA2F0E", "INC-96A0F96B"]
    for var event in old.journal {
      if case .opened = event.fact {
        event.incident = IncidentID(numbers.removeFirst())
        engine.replay(event)
      }
    }
    #expect(numbers.isEmpty)
    let next = engine.handle(.signals([old.signal(target: "third")]), at: old.now).events.first?.incident
    #expect(next?.text == "INC-B4421BBB")
  }

  @Test("incidents that follow one another are near each other, and no two are alike at a glance")
  func near() throws {
    var world = EngineWorld()
    var ids: [String] = []
    for number in 0..<6_000 {
      for event in world.engine.handle(.signals([world.signal(target: "t\(number)")]), at: world.now).events {
        if case .opened = event.fact { ids.append(try #require(event.incident).text) }
      }
    }
    #expect(ids.count == 6_000 && Set(ids).count == 6_000)
    // A block of 4,096 has five digits in common.
    #expect(Set(ids.map { $0.prefix(9) }).count <= 3)
    let pairs = zip(ids, ids.dropFirst())
    #expect(pairs.allSatisfy { a, b in zip(a.suffix(3), b.suffix(3)).allSatisfy { $0 != $1 } })
  }
}
