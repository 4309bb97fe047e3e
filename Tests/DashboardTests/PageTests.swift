import Dashboard
import IncidentModel
import Testing

@Suite("Pages") struct PageTests {
  private static let now = Hostile.now

  private func signal(_ value: Double = 92.5, at offset: Int64 = 0, state: Signal.State = .raised) -> Signal {
    let at = Timestamp(milliseconds: Self.now.milliseconds - 600_000 + offset * 1000)
    return Signal(
      id: "s\(offset)", fingerprint: Fingerprint(text: "f"), state: state,
      metric: "database_connection_usage",
      source: "postgresql", labels: ["target": "shop-db"], value: value, unit: "percent",
      rule: SignalRule(
        kind: .threshold, condition: .above, threshold: 80, clearThreshold: 76, text: "above 80 percent"),
      score: 1, severity: .high, observedAt: at, breachedSince: at, detector: "d1")
  }

  private func incident(_ number: UInt32 = 1, _ status: IncidentStatus = .detected) -> Incident {
    var incident = Incident(
      id: IncidentID(number: number), openedBy: signal(), autonomy: .suggest, at: Self.now - .seconds(600))
    incident.take(signal())
    incident.status = status
    return incident
  }

  private func system(detectors: Int = 1, role: SystemView.Role = .leading) -> SystemView {
    var system = SystemView(now: Self.now, startedAt: Self.now - .seconds(86_400))
    system.role = role
    system.epoch = 3
    system.agents = (0..<detectors).map {
      AgentRow(
        kind: .detector, name: "d\($0)", instance: "i\($0)", version: "1", load: 0.25, freeSlots: 0,
        incidents: [],
        lastHeartbeat: Self.now - .seconds(2), targets: ["shop-db"], spool: nil)
    }
    return system
  }

  private func overview(
    _ system: SystemView, _ rows: [IncidentRow] = [], _ filter: IncidentFilter = IncidentFilter(),
    next: String? = nil
  ) throws -> PageReader {
    try PageReader(OverviewPage(system: system, rows: rows, filter: filter, next: next).html())
  }

  private func page(_ incident: Incident, _ row: IncidentRow? = nil, _ series: [SymptomSeries] = []) throws
    -> PageReader
  {
    try PageReader(StoryPage(system: system(), row: row ?? IncidentRow(incident), series: series).html())
  }

  @Test("an empty first page says whether anybody watches")
  func empty() throws {
    #expect(try overview(system()).shown.contains("Nothing is open. 1 detector watches."))
    #expect(try overview(system(detectors: 0)).shown.contains("no detector is connected: nothing is watched"))
    #expect(try overview(system(detectors: 0)).shown.contains("No agent is connected"))
    #expect(
      try overview(system(), [], IncidentFilter(severity: .low)).shown.contains("None of severity low."))
    #expect(try overview(system(), [], IncidentFilter(page: "x")).shown.contains("There are no more."))
  }

  @Test("a standby's page says that it is one, and where the leader is")
  func standby() throws {
    var system = system(detectors: 0, role: .standby)
    #expect(try overview(system).shown.contains("No coordinator leads at the moment."))
    system.leader = SystemView.Peer(instance: "c-1", authority: Authority("127.0.0.1:8081"))
    let page = try overview(system)
    #expect(page.shown.contains("This coordinator stands by"))
    #expect(page.all("a").contains { $0["href"] == "http://127.0.0.1:8081/" })
    #expect(page.shown.contains("Agents speak to the coordinator that leads."))
    system.leader = SystemView.Peer(instance: "c-1", authority: nil)
    #expect(try overview(system).shown.contains("c-1"))
    // The leader's page says nothing of the kind.
    #expect(try !overview(self.system()).shown.contains("stands by"))
  }

  @Test("an incident's row has severity and status in words, its age, what is done and who is told next")
  func row() throws {
    let row = IncidentRow(
      incident(),
      waiting: WaitingJob(
        incident: IncidentID(number: 1), kind: .diagnose, since: Self.now, reason: "no diagnoser is connected"
      ),
      next: TellingRow(
        incident: IncidentID(number: 1), at: Self.now + .seconds(90), what: "diagnose must be done",
        names: ["ann"],
        sinks: ["pager"]))
    let page = try overview(system(), [row])
    for text in [
      "high", "detected", "database_connection_usage", "shop-db", "10m 0s",
      "waits: no diagnoser is connected",
      "in 1m 30s",
    ] { #expect(page.texts.contains(text), "\(text)") }
    #expect(page.all("a").contains { $0["href"] == "/incidents/INC-00000001" && $0["data-row"] != nil })
    let age = try #require(page.all("time").first { $0["data-age"] == "for" })
    #expect(age["title"]?.hasSuffix(" UTC") == true)
    #expect(age["datetime"]?.hasSuffix("Z") == true)
  }

  @Test("what needs somebody is said in the title of the window")
  func title() throws {
    let page = try overview(system(), [IncidentRow(incident(1, .escalated)), IncidentRow(incident(2))])
    #expect(page.texts.contains { $0.hasPrefix("(1) AIOps") })
  }

  @Test("only what is possible is offered")
  func choices() throws {
    func offered(_ change: (inout Incident) -> Void) throws -> [String] {
      var incident = incident()
      change(&incident)
      return try page(incident).all("button").compactMap {
        $0["formaction"]?.split(separator: "/").last.map(String.init)
      }
    }
    #expect(try offered { _ in } == ["acknowledge", "resolve", "false-positive"])
    #expect(try offered { $0.status = .escalated } == ["acknowledge", "snooze", "resolve", "false-positive"])
    #expect(
      try offered { $0.acknowledged = PersonMark(by: "ann", at: Self.now) } == ["resolve", "false-positive"])
    #expect(try offered { $0.status = .resolved } == [])
    #expect(try offered { $0.status = .falsePositive } == [])
    let awaiting = try offered {
      $0.awaitingApproval = true
      $0.diagnosis = Diagnosis(
        hypotheses: [], remedy: Remedy(runbook: "free", parameters: [:], steps: []), recommendations: [])
    }
    #expect(awaiting.first == "approve")
  }

  @Test("every form works without scripts: it names who and why, and has a button")
  func forms() throws {
    let page = try page(incident(1, .escalated))
    let names = page.all("input").compactMap { $0["name"] }
    #expect(names == ["by", "note"] && page.all("form").count == 1)
    #expect(page.all("button").allSatisfy { $0["type"] == "submit" })
    // Enter in a field presses the first button, which is none.
    #expect(page.all("button").map { $0["disabled"] != nil } == [true, false, false, false, false])
    #expect(page.all("select").map { $0["name"] } == ["for"])
    #expect(page.all("option").count == 6)
  }

  @Test("a plot has its values, the bound and what happened meanwhile")
  func plot() throws {
    var incident = incident(1, .resolved)
    incident.resolvedAt = Self.now - .seconds(60)
    var series = SymptomSeries(
      metric: "database_connection_usage", target: "shop-db", unit: "percent", rule: signal().rule)
    series.add(
      (0..<20).map { SymptomSeries.Point(at: Self.now - .seconds(600 - 20 * $0), value: 60 + Double($0)) })
    series.add([SymptomSeries.Point(at: Self.now - .seconds(90), value: 40, isCheck: true)])
    let page = try page(incident, nil, [series])
    let svg = try #require(page.all("svg").first)
    #expect(svg["aria-label"]?.contains("21 values from 40 % to 79 %") == true)
    #expect(page.all("circle").count == 21)
    for text in ["above 80 %", "detected", "resolved"] { #expect(page.texts.contains(text), "\(text)") }
    let lines = page.all("line")
    #expect(lines.contains { $0["class"] == "threshold" } && lines.contains { $0["class"] == "mark" })
    // Ticks of both axes.
    #expect(page.texts.contains("100") && page.texts.contains { $0.wholeMatch(of: /\d\d:\d\d/) != nil })
  }

  @Test(
    "plots stay within their frame and their size whatever the values are",
    arguments: 1...40 as ClosedRange<UInt64>)
  func frame(seed: UInt64) throws {
    var hostile = Hostile(seed: seed)
    let page = try page(incident(), nil, [hostile.series()])
    for circle in page.all("circle") {
      let (x, y) = (
        try #require(circle["cx"].flatMap { Double($0) }), try #require(circle["cy"].flatMap { Double($0) })
      )
      #expect((60...630).contains(x) && (25...200).contains(y))
    }
    #expect(page.all("circle").count <= SymptomSeries.maxPoints)
  }

  @Test("a series of very many values keeps its highest and lowest")
  func thinned() {
    var series = SymptomSeries(metric: "m", target: nil, unit: "", rule: signal().rule)
    series.add(
      (0..<10_000).map {
        SymptomSeries.Point(at: Timestamp(milliseconds: Int64($0)), value: Double($0 % 100))
      })
    series.add([SymptomSeries.Point(at: Timestamp(milliseconds: 5_000), value: 1_000)])
    let thinned = series.thinned()
    #expect(thinned.count <= SymptomSeries.maxPoints)
    #expect(thinned.map(\.value).max() == 1_000 && thinned.map(\.value).min() == 0)
    #expect(thinned.map(\.at) == thinned.map(\.at).sorted())
  }

  @Test("more incidents than a page holds are behind a link")
  func paging() throws {
    let page = try overview(system(), [IncidentRow(incident())], next: "high.1~INC-00000001")
    #expect(page.all("a").contains { $0["href"] == "/?page=high.1~INC-00000001" && $0["rel"] == "next" })
    let ended = try overview(
      system(), [IncidentRow(incident(1, .resolved))], IncidentFilter(scope: .ended, severity: .low),
      next: "x")
    #expect(ended.all("a").contains { $0["href"] == "/?show=ended&severity=low&page=x" })
  }

  @Test("five hundred incidents are a page in no time")
  func many() throws {
    let rows = (1...500).map { IncidentRow(incident($0, .escalated)) }
    let began = ContinuousClock.now
    let page = OverviewPage(system: system(), rows: rows, filter: IncidentFilter(), next: nil).html()
    // Some 20 ms where it is optimised; a debug build under load may take its time.
    #expect(ContinuousClock.now - began < .seconds(5))
    #expect(page.count < 1_000_000)
    #expect(try PageReader(page).all("tr").count > 500)
  }

  @Test("an incident that has everything shows it")
  func whole() throws {
    var whole = incident(1, .resolving)
    whole.diagnosis = Diagnosis(
      hypotheses: [
        Hypothesis(
          cause: "a leak", family: nil, confidence: 0.9,
          evidence: [
            Evidence(statement: "37 idle", query: "SELECT 1", tool: "postgres.sessions", observedAt: Self.now)
          ])
      ],
      remedy: Remedy(
        runbook: "free", parameters: ["limit": .number(50)],
        steps: [
          PlannedStep(
            name: "end", action: .clearCache(KeyFilter(pattern: "x", limit: 1)), target: "shop-db",
            timeoutSeconds: 1,
            retries: 0, idempotent: false, rollback: true)
        ]), recommendations: ["look"])
    whole.steps = [
      StepRecord(index: 0, name: "end", state: .intended, detail: "", attempts: 1, startedAt: Self.now)
    ]
    whole.verification = Verification(
      verdict: .notRecovered, detail: "still 92 percent",
      measurements: [
        HealthMetric(
          name: "m", value: 92, threshold: 80, unit: "percent", timestamp: Self.now, source: "s",
          healthy: false)
      ], at: Self.now)
    whole.timeline = [TimelineEntry(at: Self.now, kind: "status", actor: "d1", text: "detected: x")]
    let row = IncidentRow(
      whole,
      lease: LeaseRow(
        incident: whole.id, kind: .resolve, worker: "r1", since: Self.now, expires: Self.now + .seconds(10)),
      next: TellingRow(
        incident: whole.id, at: Self.now + .seconds(300), what: "resolve must be done", names: ["ann"],
        sinks: ["pager"],
        step: 1, round: 1))
    let page = try page(whole, row)
    for text in [
      "a leak", "37 idle", "SELECT 1", "Remedy: free", "… runs", "r1 repairs: step 1 of 1, end",
      "✕ not recovered",
      "detected: x", " → ann through pager (step 1, round 2)", "look", "limit = 50",
    ] { #expect(page.texts.contains { $0.contains(text) }, "\(text)") }
  }

  @Test("the files that pages load are named after what is in them")
  func assets() throws {
    for asset in Asset.all {
      #expect(Asset.at(asset.path) == asset)
      #expect(asset.bytes.count < 30_000)
      let text = String(decoding: asset.bytes, as: UTF8.self)
      #expect(!text.contains("http:") || asset == .icon)
      #expect(!text.contains("innerHTML = ") && !text.contains("eval(") && !text.contains("style="))
    }
    #expect(Set(Asset.all.map(\.path)).count == 3)
    #expect(Asset.at("/assets/dashboard-0.css") == nil)
  }
}
