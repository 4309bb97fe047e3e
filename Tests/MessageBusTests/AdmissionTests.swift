import BusKeys
import IncidentModel
import Testing

@testable import MessageBus

@Suite("Who may connect and speak") struct AdmissionTests {
  private func request(_ key: PublicKey) -> [[UInt8]] {
    let texts = ["peer", "", "1.0", "1", "aiops", "10.0.0.1", "", "CURVE"].map { Array($0.utf8) }
    // The key's bytes as libzmq gives them.
    return texts + [Z85Bytes.of(key)]
  }

  private func user(_ answer: [[UInt8]]?) -> String? {
    guard let answer, answer.count == 8, answer[4] == Array("200".utf8) else { return nil }
    return String(decoding: answer[6], as: UTF8.self)
  }

  @Test("a message is taken only as long as its very key is allowed under its very name")
  func perMessage() throws {
    let ring = try KeyRing()
    var admission = Admission()
    #expect(admission.answer(request(ring.agent.publicKey))?[4] == Array("400".utf8))
    #expect(admission.admit(ring.allowing(["a": ring.agent])) == false)
    let text = try #require(user(admission.answer(request(ring.agent.publicKey))))
    #expect(admission.identity(text) == AgentIdentity(name: "a", key: ring.agent.publicKey.text))
    #expect(admission.identity(nil) == nil && admission.identity("a") == nil && admission.identity("") == nil)
    // Another key takes the name over: the old connections are nobody's.
    #expect(admission.admit(ring.allowing(["a": ring.other])) == true)
    #expect(admission.identity(text) == nil)
    #expect(admission.answer(request(ring.agent.publicKey))?[4] == Array("400".utf8))
    // The key gets another name: its messages say so only after it connected again.
    #expect(admission.admit(ring.allowing(["b": ring.other])) == true)
    #expect(admission.admit(ring.allowing(["b": ring.other, "c": ring.agent])) == false)
    #expect(admission.counts == [.unknownKey: 1, .revoked: 1])
  }

  @Test("a key that may be one kind of agent only says so with each message; a change ends its connections")
  func kind() throws {
    let ring = try KeyRing()
    var admission = Admission()
    var keys = AllowedKeys()
    keys.allow(ring.agent.publicKey, name: "a", kind: .diagnoser)
    #expect(admission.admit(keys) == false)
    let text = try #require(user(admission.answer(request(ring.agent.publicKey))))
    #expect(admission.identity(text)?.kind == .diagnoser)
    keys.allow(ring.agent.publicKey, name: "a", kind: .resolver)
    #expect(admission.admit(keys) == true)
    #expect(admission.identity(text)?.kind == .resolver)
  }

  @Test("a storm of keys is counted in bounded memory, and nothing of it is lost from the sum")
  func storm() throws {
    var admission = Admission()
    for number in 0..<10_000 {
      var bytes = [UInt8](repeating: 1, count: 32)
      bytes[0] = UInt8(truncatingIfNeeded: number)
      bytes[1] = UInt8(truncatingIfNeeded: number >> 8)
      let key = try #require(PublicKey(bytes: bytes))
      _ = admission.answer(request(key))
    }
    let refusals = admission.takeRefusals()
    #expect(refusals.count <= Admission.maxKeys + RefusalReason.allCases.count)
    #expect(refusals.reduce(0) { $0 + $1.count } == 10_000)
    #expect(admission.counts == [.unknownKey: 10_000])
    #expect(admission.takeRefusals() == [])
  }

  @Test("any frames are an answer that refuses, or none", arguments: 0..<4 as Range<UInt64>)
  func fuzz(seed: UInt64) throws {
    var generator = Generator(seed: seed)
    let ring = try KeyRing()
    var admission = Admission()
    _ = admission.admit(ring.allowing(["a": ring.agent]))
    let whole = request(ring.agent.publicKey)
    for _ in 0..<2_000 {
      var frames = whole
      for _ in 0..<(1 + generator.int(3)) {
        guard !frames.isEmpty else { break }
        let place = generator.int(frames.count)
        switch generator.int(5) {
        case 0: frames.remove(at: place)
        case 1:
          frames.insert(
            (0..<generator.int(40)).map { _ in UInt8(truncatingIfNeeded: generator.bits()) }, at: place)
        case 2: frames[place] = []
        case 3:
          if !frames[place].isEmpty {
            frames[place][generator.int(frames[place].count)] ^= 1 << generator.int(8)
          }
        default: frames.swapAt(place, generator.int(frames.count))
        }
      }
      guard let answer = admission.answer(frames) else { continue }
      #expect(answer.count == 8 && answer[2] == Array("1.0".utf8))
      // In only when everything that decides is as it was.
      let isSame = frames.count == 9 && [1, 2, 4, 7, 8].allSatisfy { frames[$0] == whole[$0] }
      #expect((user(answer) != nil) == isSame)
    }
  }

  @Test("libzmq's events are read, and anything else is nothing")
  func events() {
    #expect(HandshakeWatch.failure([0x00, 0x40, 0x90, 0x01, 0, 0]) == .refused)
    #expect(HandshakeWatch.failure([0x00, 0x20, 0x02, 0, 0, 0x11]) == .mechanism)
    #expect(HandshakeWatch.failure([0x00, 0x20, 0x01, 0, 0, 0x11]) == .cryptographic)
    #expect(HandshakeWatch.failure([0x00, 0x20, 0xFF, 0xFF, 0xFF, 0xFF]) == .malformed)
    #expect(HandshakeWatch.failure([0x00, 0x08, 32, 0, 0, 0]) == .hungUp)
    #expect(HandshakeWatch.failure([0x00, 0x08, 104, 0, 0, 0]) == .broken)
    for frame: [UInt8] in [[], [1], [0, 0x40], [1, 0, 0, 0, 0, 0], [UInt8](repeating: 0, count: 7)] {
      #expect(HandshakeWatch.failure(frame) == nil)
    }
  }
}
