import Coordination
import IncidentModel
import MessageBus
import TestKit

/// A ledger among detectors that do what they are told, on virtual time and a network that loses nothing.
struct ShardWorld {
  struct Detector {
    var offers: [Shard]
    var held: [Shard: ShardStamp] = [:]
    var words: [Shard: (stamp: ShardStamp, bytes: [UInt8])] = [:]
    var sequence: UInt64 = 0
    var isSilent = false
    /// It answers no order to give something back.
    var isDeaf = false
  }

  static let timing = ShardLedger.Timing(lease: 10, heartbeat: 2)

  var ledger = ShardLedger(timing: timing)
  var now = Timestamp(milliseconds: 1_000_000)
  var detectors: [String: Detector] = [:]
  var moves: [ShardMove] = []
  /// What the last grant of each shard brought.
  var memories: [Shard: [UInt8]] = [:]
  var interval = 30.0

  init() { ledger.begin(epoch: 1, at: now) }

  static func shards(_ count: Int) -> [Shard] { (0..<count).map { Shard(target: "source-\($0)") } }

  mutating func join(_ name: String, _ shards: [Shard]) {
    detectors[name] = Detector(offers: shards)
    report(name)
  }

  mutating func report(_ name: String) {
    guard var one = detectors[name], !one.isSilent else { return }
    one.sequence += 1
    detectors[name] = one
    let interval = interval
    perform(
      ledger.report(
        ShardReport(
          sequence: one.sequence, offers: one.offers.map { ShardOffer($0, intervalSeconds: interval) },
          held: one.held.map { HeldShard($0.key, $0.value) },
          released: one.words.map { HeldShard($0.key, $0.value.stamp) }), of: name, name: name, at: now))
  }

  mutating func perform(_ commands: [ShardCommand]) {
    for command in commands {
      switch command {
      case .grant(let held, let memory, let name):
        guard var one = detectors[name], !one.isSilent, held.stamp > one.held[held.shard] ?? .own else {
          continue
        }
        one.held[held.shard] = held.stamp
        one.words[held.shard] = nil
        detectors[name] = one
        memories[held.shard] = memory
        report(name)
      case .recall(let held, let name):
        guard var one = detectors[name], !one.isSilent, !one.isDeaf else { continue }
        if one.held[held.shard] == held.stamp {
          one.held[held.shard] = nil
          one.words[held.shard] = (held.stamp, Array("\(held.shard) by \(name)".utf8))
        }
        detectors[name] = one
        let bytes = one.words[held.shard]?.bytes ?? []
        perform(ledger.learned(ShardMemory(held, isReleased: true, bytes: bytes), of: name, at: now))
      case .passedOn(let held, let name): detectors[name]?.words[held.shard] = nil
      case .moved(let move): moves.append(move)
      case .note: break
      }
    }
  }

  /// Lets time pass: a tick each quarter second, a report of everybody each two.
  mutating func pass(_ seconds: Double, _ look: (ShardWorld) -> Void = { _ in }) {
    for step in 1...Int(seconds * 4) {
      now = now + .milliseconds(250)
      perform(ledger.tick(at: now))
      if step % 8 == 0 { for name in detectors.keys.sorted() { report(name) } }
      look(self)
    }
  }

  /// Who watches a shard, of those that are alive.
  func watchers(_ shard: Shard) -> [String] {
    detectors.filter { !$0.value.isSilent && $0.value.held[shard] != nil }.keys.sorted()
  }

  /// How many each watches.
  var counts: [String: Int] { detectors.mapValues(\.held.count) }
}
