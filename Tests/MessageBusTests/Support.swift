import Glibc
import IncidentModel
import Logging
import Testing

import let TestKit.slowness

@testable import MessageBus

/// Waits until `condition` holds; records an issue after five seconds.
nonisolated(nonsending) func eventually(
  _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation,
  _ condition: nonisolated(nonsending) () async throws -> Bool
) async throws {
  let end = ContinuousClock.now + .seconds(5) * slowness
  while ContinuousClock.now < end {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(3))
  }
  Issue.record(what, sourceLocation: sourceLocation)
  throw TimedOut()
}

struct TimedOut: Error {}

let quiet: Logger = {
  var logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
  logger.logLevel = .critical
  return logger
}()

/// A coordinator that answers as it is told.
actor FakeCoordinator {
  nonisolated let server: BusServer
  let instance: String
  let leaseSeconds: Double
  let epoch: UInt64
  private(set) var messages: [(peer: PeerID, message: AgentMessage)] = []
  private(set) var endpoints = BusServer.Endpoints(bus: "", changes: "")
  private var ignored: [String: Int] = [:]
  private var refusals: [String: String] = [:]
  private var invalid: Set<UInt64> = []
  private var isLeading = true
  private var leader: String?
  private var state = Snapshot(coordinator: "", sequence: 0, incidents: [])

  init(
    _ instance: String = "A", bus: String = "tcp://127.0.0.1:*", changes: String = "tcp://127.0.0.1:*",
    leaseSeconds: Double = 5, epoch: UInt64 = 1, security: BusSecurity = .none
  ) {
    self.instance = instance
    self.epoch = epoch
    self.leaseSeconds = leaseSeconds
    server = BusServer(busEndpoint: bus, changesEndpoint: changes, security: security, logger: quiet)
    state.coordinator = instance
  }

  func start() async throws {
    // A port that was just left may take a moment.
    for _ in 0..<100 {
      if let bound = try? await server.start() {
        endpoints = bound
        return
      }
      try await Task.sleep(for: .milliseconds(10))
    }
    endpoints = try await server.start()
  }

  /// Answers until the server is closed or the task cancelled.
  func serve() async {
    for await (peer, message) in server.incoming {
      messages.append((peer, message))
      if let count = ignored[message.name], count > 0 {
        ignored[message.name] = count - 1
        continue
      }
      for answer in answers(to: message) { await server.send(answer, to: peer) }
    }
  }

  private func answers(to message: AgentMessage) -> [CoordinatorMessage] {
    if !isLeading { return [.notLeading(leader: leader)] }
    return switch message {
    case .hello:
      [
        .welcome(
          Welcome(
            coordinator: instance, version: "1", leaseSeconds: leaseSeconds, heartbeatSeconds: 0.05,
            changesEndpoint: endpoints.changes, epoch: epoch))
      ]
    case .heartbeat(let beat):
      [
        .heartbeatAcknowledged(
          sequence: beat.sequence, leases: beat.leases.filter { !invalid.contains($0.token) })
      ]
    case .signals(let batch, _): [.accepted(batch: batch, pause: 0)]
    case .exchanged(let request, _, _), .intend(let request, _, _, _), .concluded(let request, _, _),
      .finished(let request, _, _):
      if let reason = refusals[message.name] {
        [.refused(request: request, reason: reason)]
      } else {
        [.granted(request: request)]
      }
    case .snapshot(let request): [.snapshot(request: request, state)]
    case .goodbye, .shards, .shardMemory: []
    }
  }

  /// Does not answer the next `count` messages of a name.
  func ignore(_ name: String, _ count: Int = .max) { ignored[name] = count }
  func refuse(_ name: String, reason: String) { refusals[name] = reason }
  /// Answers from now on as a standby does.
  func standBy(leader: String?) {
    isLeading = false
    self.leader = leader
  }
  func lead() { isLeading = true }
  func invalidate(_ lease: Lease) { invalid.insert(lease.token) }
  func set(sequence: UInt64, _ incidents: [IncidentDigest]) {
    state.sequence = sequence
    state.incidents = incidents
  }

  func named(_ name: String) -> [AgentMessage] {
    messages.map(\.message).filter { $0.name == name }
  }
  func has(_ name: String, _ count: Int = 1) -> Bool { named(name).count >= count }
}

/// Runs `body` with a coordinator that serves meanwhile, and closes it.
nonisolated(nonsending) func withCoordinator(
  _ coordinator: FakeCoordinator = FakeCoordinator(),
  _ body: (FakeCoordinator) async throws -> Void
) async throws {
  try await coordinator.start()
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { await coordinator.serve() }
    let result: Result<Void, any Error>
    do { result = .success(try await body(coordinator)) } catch { result = .failure(error) }
    await coordinator.server.close()
    try result.get()
  }
}

/// Intervals for tests.
let fast = LinkTiming(
  hello: .milliseconds(50), retry: .milliseconds(50), silentHeartbeats: 6, doubt: .milliseconds(50))

func agent(
  _ endpoint: String, kind: AgentKind = .detector, worker: (any JobWorker)? = nil, slots: Int = 1,
  instance: String = "agent-1", security: BusSecurity = .none
) -> AgentLink {
  AgentLink(
    info: AgentInfo(instance: instance, kind: kind, name: "one", version: "1", pid: 1, targets: []),
    endpoints: [endpoint], worker: worker, slots: slots, security: security, timing: fast, load: { 0.5 },
    logger: quiet)
}

/// Runs `body` while the link runs, and stops the link.
nonisolated(nonsending) func withRunning(_ link: AgentLink, _ body: () async throws -> Void) async throws {
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { await link.run() }
    defer { group.cancelAll() }
    try await body()
  }
}

/// A worker whose work is a closure.
struct Worker: JobWorker {
  var kind = JobKind.resolve
  let body: @Sendable (Job, any JobReporter) async throws(LeaseError) -> JobResult

  func perform(_ job: Job, reporter: any JobReporter) async throws(LeaseError) -> JobResult {
    try await body(job, reporter)
  }
}

/// What happened, in order, from any task.
actor Journal {
  private(set) var entries: [String] = []
  func note(_ entry: String) { entries.append(entry) }
  func has(_ entry: String) -> Bool { entries.contains(entry) }
}

/// A peer that says what it likes.
actor RawPeer {
  private nonisolated let loop = ZMQLoop(name: "raw-peer")
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
  private var socket: ZMQSocket?

  func connect(_ endpoint: String, id: String) throws {
    let socket = try ZMQSocket(
      .dealer(id: PeerID(instance: id)), on: loop, maxFrame: 64 << 20, received: 10, security: .none)
    try socket.connect(endpoint)
    self.socket = socket
  }

  /// Sends as soon as it is connected.
  func send(_ frames: [[UInt8]]) async throws {
    try await eventually("the raw peer connects") { self.trySend(frames) }
  }

  private func trySend(_ frames: [[UInt8]]) -> Bool { socket?.send(frames) == .sent }

  func receive() async throws -> CoordinatorMessage {
    guard let socket else { throw BusError.closed }
    let end = ContinuousClock.now + .seconds(5)
    while ContinuousClock.now < end {
      if let received = socket.receive() {
        return try WireCodec.decodeCoordinatorMessage(received.frames[0])
      }
      _ = await loop.wait(readable: [socket], until: end)
    }
    throw TimedOut()
  }

  func close() {
    socket?.close()
    loop.terminate()
  }
}

/// Waits for what is gone.
actor LateWaiter {
  private nonisolated let loop = ZMQLoop(name: "late-waiter")
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }

  /// Closes a socket after the wait for it was made and before it begins.
  func waitForClosed() async throws -> ZMQWake {
    let socket = try ZMQSocket(.subscriber, on: loop, maxFrame: 100, security: .none)
    let handles = [try #require(socket.handle)]
    socket.close()
    return await wait(handles)
  }

  /// Waits for nothing on a loop that ends.
  func waitForEnd() async -> ZMQWake {
    loop.terminate()
    return await wait([])
  }

  private func wait(_ handles: [UnsafeMutableRawPointer]) async -> ZMQWake {
    let core = loop.core
    return await withCheckedContinuation { continuation in
      core.add(
        ZMQLoopCore.Wait(
          token: core.makeToken(), handles: handles, deadline: nil, continuation: continuation))
    }
  }
}

/// Bytes on a TCP port, without any protocol.
func sendRaw(_ bytes: [UInt8], to endpoint: String) {
  guard let port = UInt16(endpoint.split(separator: ":").last ?? "") else { return }
  let fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(fd) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = inet_addr("127.0.0.1")
  let connected = withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
  #expect(connected == 0)
  _ = Glibc.send(fd, bytes, bytes.count, Int32(MSG_NOSIGNAL))
}
