import Glibc
import HTTPBackend
import IncidentModel
import TestKit
import Threads

/// The whole of one chaos: everything that runs, what is done to it, and what is looked at in the end.
final class ChaosRun: Sendable {
  static let agents: [(kind: AgentKind, name: String)] = [
    (.detector, "detector-1"), (.detector, "detector-2"), (.diagnoser, "diagnoser-1"),
    (.diagnoser, "diagnoser-2"), (.diagnoser, "diagnoser-3"), (.resolver, "resolver-1"),
    (.resolver, "resolver-2"), (.resolver, "resolver-3"),
  ]

  let folder: TemporaryFolder
  let fleet: Fleet
  let store: TestPostgres
  let target: Target
  let receiver: Receiver
  let people: People
  let sender: Sender
  let network: CutOffNetwork?
  /// Why there is no network to cut.
  let whyNoNetwork: String?
  let diary = Diary()
  private let cutConfig: String
  /// Who is down because of a blow: nothing else is done to them, and nobody wonders.
  let down = Locked<Set<String>>([])

  init(
    folder: TemporaryFolder, store: TestPostgres, target: Target, receiver: Receiver, seed: UInt64
  ) async throws {
    self.folder = folder
    self.store = store
    self.target = target
    self.receiver = receiver
    let marks = folder.path("marks")
    try folder.write("", to: "marks")
    let autonomy = seed.isMultiple(of: 2) ? "suggest" : "auto"
    let text = ChaosConfiguration.text(
      target: target, receiver: receiver.url, marks: marks, autonomy: autonomy)
    fleet = try Fleet(folder: folder, coordinators: 2, store: store.url(), more: text)
    people = People(fleet, seed: seed)
    sender = Sender("sender", endpoints: fleet.coordinators.map(\.bus), series: 4)
    let ways = [
      CutOffNetwork.Way(inside: freePort(), outside: fleet.coordinators[0].busPort),
      CutOffNetwork.Way(inside: freePort(), outside: fleet.coordinators[1].busPort),
      CutOffNetwork.Way(inside: freePort(), outside: target.database.port),
    ]
    do {
      let network = try await CutOffNetwork(ways, in: folder)
      self.network = network
      whyNoNetwork = nil
    } catch {
      network = nil
      whyNoNetwork = "\(error)"
    }
    cutConfig = try Fleet.agentConfig(
      ways.prefix(2).map { "tcp://127.0.0.1:\($0.inside)" },
      ChaosConfiguration.text(
        target: target, databasePort: ways[2].inside, receiver: receiver.url, marks: marks,
        autonomy: autonomy,
        // It can't reach the cache; the other detector watches it.
        withCache: false), as: "cut-off.yaml", in: folder)
  }

  // MARK: Processes

  func startEverything() async throws {
    for index in 0..<2 { try fleet.startCoordinator(index) }
    for index in 0..<2 { try await fleet.ready(index) }
    for agent in Self.agents { try start(agent.name) }
    try await eventually(timeout: .seconds(30), "all agents") {
      guard let leader = await self.fleet.leader() else { return false }
      let text = try await self.fleet.get("/aiops/agents", of: leader.index).text
      return Self.agents.allSatisfy { text.contains("\"\($0.name)\"") }
    }
  }

  /// Starts a process of that name.
  func start(_ name: String) throws {
    if let index = fleet.coordinators.firstIndex(where: { $0.name == name }) {
      try fleet.startCoordinator(index)
    } else if let agent = Self.agents.first(where: { $0.name == name }) {
      if name == "detector-1", let network {
        try fleet.start(agent.kind, name, config: cutConfig, launcher: network.launcher)
      } else {
        try fleet.start(agent.kind, name)
      }
    }
  }

  /// Every process of the system.
  var names: [String] { fleet.coordinators.map(\.name) + Self.agents.map(\.name) }

  /// Notices who ended although nobody ended it, and starts it again, until the task is cancelled.
  func watchOver() async {
    while !Task.isCancelled {
      for name in names {
        guard !down.withLock({ $0.contains(name) }), let process = fleet.process(name), !process.isRunning
        else {
          continue
        }
        // It may just have been taken down.
        guard !down.withLock({ $0.contains(name) }), fleet.process(name) === process else { continue }
        let exit = await process.wait()
        diary.accident("\(name) ended by itself: \(exit)")
        try? start(name)
      }
      try? await Task.sleep(for: .milliseconds(200))
    }
  }

  /// Notices who leads, until the task is cancelled.
  func watchLeads() async {
    await withDiscardingTaskGroup { group in
      for index in fleet.coordinators.indices {
        group.addTask {
          while !Task.isCancelled {
            let status = await self.fleet.status(of: index, timeout: .milliseconds(400))
            if let status, status.role == "leading" { self.diary.leads(under: status.epoch) }
            try? await Task.sleep(for: .milliseconds(50))
          }
        }
      }
    }
  }

  // MARK: Blows

  func deal(_ blow: Blow, for duration: Duration) async {
    let epoch = diary.pages.leads.last?.epoch ?? 0
    switch blow {
    case .kill(let victim):
      await hit(victim, blow, epoch) { name in
        await self.fleet.kill(name)
        try? await Task.sleep(for: duration)
        try self.start(name)
      }
    case .restart(let victim):
      await hit(victim, blow, epoch) { name in
        let exit = await self.fleet.process(name)?.terminate(grace: .seconds(10))
        if exit != .exited(0) {
          self.diary.accident("\(name) did not end as asked: \(exit.map { "\($0)" } ?? "")")
        }
        try? await Task.sleep(for: duration)
        try self.start(name)
      }
    case .freeze(let victim):
      await hit(victim, blow, epoch) { name in
        let process = self.fleet.process(name)
        process?.kill(SIGSTOP)
        try? await Task.sleep(for: duration)
        process?.kill(SIGCONT)
      }
    case .storeCrash, .storeRestart:
      await hold("store", blow, epoch) {
        try await self.store.restart(blow == .storeCrash ? SIGQUIT : SIGINT)
      }
    case .storeKill:
      await hold("store", blow, epoch) {
        self.store.signal(SIGKILL)
        // A new one refuses to start beside the children of the old one, who notice that it is gone.
        let end = ContinuousClock.now + .seconds(15)
        while true {
          do { return try await self.store.restart() } catch {
            guard ContinuousClock.now < end else { throw error }
            try await Task.sleep(for: .milliseconds(100))
          }
        }
      }
    case .storeFreeze:
      await hold("store", blow, epoch) {
        let frozen = self.store.processes
        for process in frozen { kill(process, SIGSTOP) }
        try? await Task.sleep(for: duration)
        for process in frozen { kill(process, SIGCONT) }
      }
    case .cut:
      await hold("network", blow, epoch) {
        try await self.network?.set(up: false)
        try? await Task.sleep(for: duration)
        try await self.network?.set(up: true)
      }
    case .receiverAway:
      let from = Timestamp.now
      receiver.beAway(for: duration)
      try? await Task.sleep(for: duration)
      diary.dealt(blow, from: from, epoch: epoch)
    }
  }

  private func hit(
    _ victim: Blow.Victim, _ blow: Blow, _ epoch: UInt64, _ body: @Sendable (String) async throws -> Void
  ) async {
    let name: String
    switch victim {
    case .agent(let agent): name = agent
    case .leader, .standby:
      guard let leader = await fleet.leader() else { return diary.skipped(blow, "nobody leads") }
      name = fleet.coordinators[victim == .leader ? leader.index : 1 - leader.index].name
    }
    await hold(name, blow, epoch) { try await body(name) }
  }

  /// Does something to somebody whom nothing else is done to meanwhile.
  private func hold(_ name: String, _ blow: Blow, _ epoch: UInt64, _ body: () async throws -> Void) async {
    guard down.withLock({ $0.insert(name).inserted }) else { return diary.skipped(blow, "is down already") }
    let from = Timestamp.now
    do { try await body() } catch { diary.accident("\(blow.name): \(error)") }
    down.withLock { _ = $0.remove(name) }
    diary.dealt(blow, from: from, epoch: epoch)
  }
}
