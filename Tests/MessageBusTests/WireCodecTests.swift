import IncidentModel
import MessageBus
import Testing

@Suite struct WireCodecTests {
  @Test("every agent message comes back as it went", arguments: 0..<11)
  func agentMessages(kind: Int) throws {
    var generator = Generator(seed: UInt64(kind))
    for _ in 0..<60 {
      let message = generator.agentMessage(kind)
      #expect(try WireCodec.decodeAgentMessage(try WireCodec.encode(message)) == message)
    }
  }

  @Test("every coordinator message comes back as it went", arguments: 0..<15)
  func coordinatorMessages(kind: Int) throws {
    var generator = Generator(seed: UInt64(100 + kind))
    for _ in 0..<60 {
      let message = generator.coordinatorMessage(kind)
      #expect(try WireCodec.decodeCoordinatorMessage(try WireCodec.encode(message)) == message)
    }
  }

  @Test("a change comes back as it went")
  func changes() throws {
    var generator = Generator(seed: 200)
    for _ in 0..<60 {
      let change = generator.change()
      #expect(try WireCodec.decodeChange(try WireCodec.encode(change)) == change)
    }
  }

  @Test("bytes from anywhere are refused or understood, never a crash", arguments: 0..<4)
  func randomBytes(seed: UInt64) throws {
    var generator = Generator(seed: 300 + seed)
    for _ in 0..<1_500 {
      let bytes = (0..<generator.int(120)).map { _ in UInt8(truncatingIfNeeded: generator.bits()) }
      try check(bytes)
    }
  }

  @Test("a damaged frame is refused, or is another message that keeps the rules", arguments: 0..<4)
  func mutations(seed: UInt64) throws {
    var generator = Generator(seed: 400 + seed)
    for round in 0..<100 {
      let frames = [
        try WireCodec.encode(generator.agentMessage(round)),
        try WireCodec.encode(generator.coordinatorMessage(round)),
        try WireCodec.encode(generator.change()),
      ]
      for frame in frames {
        for _ in 0..<5 { try check(generator.mutated(frame)) }
      }
    }
  }

  /// Decodes in every way; what was understood must be sayable again and mean the same.
  private func check(_ bytes: [UInt8]) throws {
    if let message = try? WireCodec.decodeAgentMessage(bytes) {
      let again = try WireCodec.decodeAgentMessage(try WireCodec.encode(message))
      #expect(again == message)
    }
    if let message = try? WireCodec.decodeCoordinatorMessage(bytes) {
      let again = try WireCodec.decodeCoordinatorMessage(try WireCodec.encode(message))
      #expect(again == message)
    }
    _ = try? WireCodec.decodeChange(bytes)
  }

  @Test("a newer version is refused by its number")
  func version() throws {
    // Field 1, varint 2; then an empty goodbye in field 18.
    #expect(throws: WireError.unknownVersion(2)) {
      try WireCodec.decodeAgentMessage([0x08, 2, 0x92, 0x01, 0])
    }
    #expect(try WireCodec.decodeAgentMessage([0x08, 1, 0x92, 0x01, 0]) == .goodbye)
  }

  @Test("a frame without a version, or without a message, is refused")
  func empty() {
    #expect(throws: WireError.missing(field: "envelope.version")) { try WireCodec.decodeAgentMessage([]) }
    #expect(throws: WireError.self) { try WireCodec.decodeAgentMessage([0x08, 1]) }
  }

  @Test("a coordinator's words are not taken from an agent, nor the other way round")
  func direction() throws {
    let fromCoordinator = try WireCodec.encode(CoordinatorMessage.unknownAgent)
    #expect(throws: WireError.self) { try WireCodec.decodeAgentMessage(fromCoordinator) }
    let fromAgent = try WireCodec.encode(AgentMessage.goodbye)
    #expect(throws: WireError.self) { try WireCodec.decodeCoordinatorMessage(fromAgent) }
    #expect(throws: WireError.self) { try WireCodec.decodeChange(fromAgent) }
  }

  @Test("a value that is no number cannot be sent", arguments: [Double.nan, .infinity, -.infinity])
  func notANumber(value: Double) {
    var generator = Generator(seed: 500)
    var signal = generator.signal()
    signal.value = value
    #expect(throws: WireError.self) { try WireCodec.encode(AgentMessage.signals(batch: 1, [signal])) }
  }

  @Test("a score outside 0…1, an endless id and too many signals cannot be sent")
  func ranges() {
    var generator = Generator(seed: 501)
    let good = generator.signal()
    var bad = [good, good, good]
    bad[0].score = 1.01
    bad[1].id = String(repeating: "x", count: 100_000)
    bad[2].id = ""
    for signal in bad {
      #expect(throws: WireError.self) { try WireCodec.encode(AgentMessage.signals(batch: 1, [signal])) }
    }
    #expect(throws: WireError.self) {
      try WireCodec.encode(AgentMessage.signals(batch: 1, Array(repeating: good, count: 1_001)))
    }
  }

  @Test("text for people is cut instead of refused, inside no character")
  func cutting() throws {
    var generator = Generator(seed: 502)
    let lease = generator.lease()
    let long = String(repeating: "é🔥", count: 20_000)
    let frame = try WireCodec.encode(AgentMessage.finished(request: 1, .failed(reason: long), lease))
    guard case .finished(_, .failed(let reason), _) = try WireCodec.decodeAgentMessage(frame) else {
      Issue.record("another message came out")
      return
    }
    #expect(reason.utf8.count <= 16_384)
    #expect(reason.hasSuffix("…"))
    #expect(long.hasPrefix(reason.prefix(1_000)))
  }

  @Test("a frame that is too large is refused by its size")
  func tooLarge() {
    let bytes = [UInt8](repeating: 0, count: WireCodec.maxAgentFrame + 1)
    #expect(
      throws: WireError.tooLarge(bytes: WireCodec.maxAgentFrame + 1, limit: WireCodec.maxAgentFrame)
    ) { try WireCodec.decodeAgentMessage(bytes) }
  }
}
