import BusKeys
import IncidentModel
import Testing

@testable import MessageBus

/// Keys of a coordinator and of whoever a test needs.
struct KeyRing {
  let coordinator: KeyPair
  let agent: KeyPair
  let other: KeyPair

  init() throws {
    coordinator = try KeyPair.generate()
    agent = try KeyPair.generate()
    other = try KeyPair.generate()
  }

  /// An agent's side of the bus.
  func side(_ pair: KeyPair) -> BusSecurity { .agent(pair, coordinator: coordinator.publicKey) }

  /// Everybody who may connect.
  func allowing(_ names: [String: KeyPair], revoked: [String: KeyPair] = [:]) -> AllowedKeys {
    var keys = AllowedKeys()
    for (name, pair) in revoked { keys.revoke(pair.publicKey, name: name) }
    for (name, pair) in names { keys.allow(pair.publicKey, name: name) }
    return keys
  }
}

/// Runs `body` with a coordinator that has keys and lets in who is named.
nonisolated(nonsending) func withKeyedCoordinator(
  _ ring: KeyRing, _ keys: AllowedKeys, bus: String = "tcp://127.0.0.1:*",
  changes: String = "tcp://127.0.0.1:*",
  _ body: (FakeCoordinator) async throws -> Void
) async throws {
  let coordinator = FakeCoordinator(bus: bus, changes: changes, security: .coordinator(ring.coordinator))
  await coordinator.server.admit(keys)
  try await withCoordinator(coordinator, body)
}

/// Hears what is published, without any protocol above.
actor RawSubscriber {
  private nonisolated let loop = ZMQLoop(name: "raw-sub")
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
  private var socket: ZMQSocket?

  func connect(_ endpoint: String, _ security: BusSecurity) throws {
    let socket = try ZMQSocket(.subscriber, on: loop, maxFrame: 1 << 20, security: security)
    try socket.connect(endpoint)
    self.socket = socket
  }

  /// The names of the incidents in what came since this was last asked.
  func heard() -> [String] {
    var names: [String] = []
    while let received = socket?.receive() {
      guard received.count == 2, let change = try? WireCodec.decodeChange(received.frames[1]) else {
        continue
      }
      names.append(change.incident.name)
    }
    return names
  }

  func close() {
    socket?.close()
    loop.terminate()
  }
}

/// Asks at a server's gate whatever a test wants, as only code in its own process can.
actor GateVisitor {
  private nonisolated let loop: ZMQLoop
  nonisolated var unownedExecutor: UnownedSerialExecutor { loop.asUnownedSerialExecutor() }
  private var socket: ZMQSocket?

  init(_ server: BusServer) { loop = server.loop }

  func connect() throws {
    let socket = try ZMQSocket(.dealer(id: nil), on: loop, maxFrame: 1 << 20, security: .none)
    try socket.connect(BusServer.Gate.endpoint)
    self.socket = socket
  }

  func ask(_ frames: [[UInt8]]) -> Bool { socket?.send(frames) == .sent }

  /// The status of the next answer; `nil` when none comes for a while.
  func status() async -> String? {
    guard let socket else { return nil }
    let end = ContinuousClock.now + .milliseconds(200)
    while ContinuousClock.now < end {
      // Empty frame, version, number, and what else is kept of it.
      if let received = socket.receive() { return "\(received.count)" }
      _ = await loop.wait(readable: [socket], until: end)
    }
    return nil
  }

  func close() { socket?.close() }
}

/// Something that is published about an incident of that name.
func published(_ sequence: UInt64, _ name: String) -> Change {
  var generator = Generator(seed: sequence)
  var digest = generator.digest()
  digest.name = name
  return Change(sequence: sequence, coordinator: "A", incident: digest)
}
