import FoundationEssentials
import IncidentEngine
import IncidentModel
import TestKit
import Testing

@testable import Coordination

@Suite("Facts as JSON, written and read by hand")
struct FactJSONTests {
  @Test(
    "the bytes are those of the encoder, and both ways back give the fact", arguments: 0..<20 as Range<UInt64>
  )
  func same(seed: UInt64) throws {
    var chance = FactChance(random: SeededRandom(seed: seed))
    let (encoder, decoder) = (JSONCoding.encoder(), JSONCoding.decoder())
    for _ in 0..<200 {
      let fact = chance.fact()
      let text = try fact.json(encoder)
      let expected = String(decoding: try encoder.encode(fact), as: UTF8.self)
      #expect(text == expected)
      #expect(try Fact(json: text, decoder) == fact)
      #expect(try decoder.decode(Fact.self, from: Data(text.utf8)) == fact)
    }
  }

  @Test("every byte that JSON escapes is escaped as the encoder does it")
  func escapes() throws {
    let encoder = JSONCoding.encoder()
    for byte in 0...0x7F as ClosedRange<UInt8> {
      let fact = Fact.escalated(
        reason: "a" + String(decoding: [byte], as: UTF8.self) + "z/é\u{2028}\u{1F600}")
      #expect(try fact.json(encoder) == String(decoding: try encoder.encode(fact), as: UTF8.self))
    }
  }

  @Test(
    "numbers are written as the encoder does it",
    arguments: [
      0, -0.0, 1, -1, 0.1, 1e15, 1e16, 123_456_789_012_345_680, 1e-7, .leastNonzeroMagnitude,
      .greatestFiniteMagnitude, 100,
      2.5e22,
      9_007_199_254_740_992, 0.1 + 0.2,
    ])
  func numbers(_ number: Double) throws {
    var chance = FactChance(random: SeededRandom(seed: 1))
    var signal = chance.signal()
    signal.value = number
    let fact = Fact.signalled(signal: signal)
    let (encoder, decoder) = (JSONCoding.encoder(), JSONCoding.decoder())
    let text = try fact.json(encoder)
    #expect(text == String(decoding: try encoder.encode(fact), as: UTF8.self))
    guard case .signalled(let read) = try Fact(json: text, decoder) else { return #expect(Bool(false)) }
    #expect(read.value == number && read.value.sign == number.sign)
  }

  @Test(
    "what an event changed goes beside its fact, and whoever reads the fact leaves it aside",
    arguments: 0..<10 as Range<UInt64>)
  func changes(seed: UInt64) throws {
    struct Beside: Decodable { var change: Alteration }
    var chance = FactChance(random: SeededRandom(seed: seed &+ 50))
    let (encoder, decoder) = (JSONCoding.encoder(), JSONCoding.decoder())
    for number in 0..<100 as Range<UInt64> {
      let change = Alteration(
        before: number % 3 == 0 ? [:] : [chance.text(): chance.text(), "status": "detected"],
        after: [chance.text(): chance.text()], why: number % 2 == 0 ? chance.text() : nil)
      let event = EngineEvent(
        sequence: 1, at: chance.time(), incident: nil, actor: "ann", fact: chance.fact(), change: change)
      let payload = try event.payload(encoder)
      #expect(try Fact(json: payload, decoder) == event.fact)
      // As a version that knows nothing of changes reads it.
      #expect(try decoder.decode(Fact.self, from: Data(payload.utf8)) == event.fact)
      #expect(try decoder.decode(Beside.self, from: Data(payload.utf8)).change == change)
      var plain = event
      plain.change = nil
      #expect(try plain.payload(encoder) == event.fact.json(encoder))
      // Cut anywhere it is no fact.
      let cut = String(payload.dropLast(Int.random(in: 1...20, using: &chance.random)))
      #expect((try? Fact(json: cut, decoder)) == nil)
    }
  }

  @Test("what JSON can't say is an error", arguments: [Double.nan, .infinity, -.infinity])
  func unspeakable(_ number: Double) {
    var chance = FactChance(random: SeededRandom(seed: 2))
    var signal = chance.signal()
    signal.score = number
    #expect(throws: EncodingError.self) { try Fact.signalled(signal: signal).json(JSONCoding.encoder()) }
  }

  @Test(
    "a damaged payload is read as the decoder reads it, or is its error", arguments: 0..<10 as Range<UInt64>)
  func damaged(seed: UInt64) throws {
    var chance = FactChance(random: SeededRandom(seed: seed &+ 100))
    let (encoder, decoder) = (JSONCoding.encoder(), JSONCoding.decoder())
    for _ in 0..<200 {
      var bytes = Array(try chance.fact().json(encoder).utf8)
      for _ in 0..<Int.random(in: 1...2, using: &chance.random) {
        let place = bytes.indices.randomElement(using: &chance.random) ?? 0
        switch Int.random(in: 0..<3, using: &chance.random) {
        case 0: bytes.remove(at: place)
        case 1:
          bytes.insert(Array("\",:{}[]0 ea\\".utf8).randomElement(using: &chance.random) ?? 0, at: place)
        default: bytes[place] = UInt8.random(in: 0x20...0x7E, using: &chance.random)
        }
      }
      let text = String(decoding: bytes, as: UTF8.self)
      let expected = try? decoder.decode(Fact.self, from: Data(text.utf8))
      #expect((try? Fact(json: text, decoder)) == expected, "\(text)")
    }
  }
}
