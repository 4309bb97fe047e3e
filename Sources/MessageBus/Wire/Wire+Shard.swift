import FoundationEssentials
package import IncidentModel
import SwiftProtobuf

extension PBShard: WirePart {
  init(_ shard: Shard) {
    target = shard.target
    metric = shard.metric ?? ""
    host = shard.host ?? ""
  }

  func model() throws(WireError) -> Shard {
    let metric = try WireRules.word(metric, "shard.metric")
    let host = try WireRules.word(host, "shard.host")
    return Shard(
      target: try WireRules.name(target, "shard.target"), metric: metric.isEmpty ? nil : metric,
      host: host.isEmpty ? nil : host)
  }
}

extension PBShardStamp: WirePart {
  init(_ stamp: ShardStamp) {
    epoch = stamp.epoch
    number = stamp.number
  }

  func model() throws(WireError) -> ShardStamp { ShardStamp(epoch: epoch, number: number) }
}

extension PBHeldShard: WirePart {
  init(_ held: HeldShard) {
    shard = PBShard(held.shard)
    stamp = PBShardStamp(held.stamp)
  }

  func model() throws(WireError) -> HeldShard {
    HeldShard(
      try WireRules.required(hasShard, shard, "held.shard"),
      try WireRules.required(hasStamp, stamp, "held.stamp"))
  }
}

extension PBShardOffer: WirePart {
  init(_ offer: ShardOffer) {
    shard = PBShard(offer.shard)
    intervalSeconds = offer.intervalSeconds
  }

  func model() throws(WireError) -> ShardOffer {
    ShardOffer(
      try WireRules.required(hasShard, shard, "offer.shard"),
      intervalSeconds: try WireRules.amount(intervalSeconds, "offer.interval_seconds"))
  }
}

extension PBShardReport: WirePart {
  init(_ report: ShardReport) {
    sequence = report.sequence
    offers = report.offers.map(PBShardOffer.init)
    held = report.held.map(PBHeldShard.init)
    released = report.released.map(PBHeldShard.init)
  }

  func model() throws(WireError) -> ShardReport {
    ShardReport(
      sequence: sequence, offers: try WireRules.list(offers, "shards.offers", limit: ShardReport.limit),
      held: try WireRules.list(held, "shards.held", limit: ShardReport.limit),
      released: try WireRules.list(released, "shards.released", limit: ShardReport.limit))
  }
}

extension PBShardMemory: WirePart {
  init(_ memory: ShardMemory) {
    held = PBHeldShard(memory.held)
    released = memory.isReleased
    self.memory = Data(memory.bytes)
  }

  func model() throws(WireError) -> ShardMemory {
    ShardMemory(
      try WireRules.required(hasHeld, held, "shard_memory.held"), isReleased: released,
      bytes: try WireRules.memory(memory, "shard_memory.memory"))
  }
}

extension PBShardGrant: WirePart {
  init(_ grant: ShardGrant) {
    held = PBHeldShard(grant.held)
    memory = Data(grant.memory)
    standing = grant.standing.map(PBSignal.init)
  }

  func model() throws(WireError) -> ShardGrant {
    ShardGrant(
      try WireRules.required(hasHeld, held, "shard_granted.held"),
      memory: try WireRules.memory(memory, "shard_granted.memory"),
      standing: try WireRules.list(standing, "shard_granted.standing", limit: ShardGrant.maxStanding))
  }
}

extension PBShardNotice: WirePart {
  init(_ notice: ShardNotice) {
    latest = PBShardStamp(notice.latest)
    settled = notice.isSettled
  }

  func model() throws(WireError) -> ShardNotice {
    ShardNotice(
      latest: try WireRules.required(hasLatest, latest, "shards_noted.latest"), isSettled: settled)
  }
}

extension ShardGrant {
  /// Adds what stands, as far as the wire carries it.
  package mutating func add(_ signals: [Signal]) {
    var room = WireCodec.maxCoordinatorFrame / 2
    for signal in signals.prefix(Self.maxStanding) {
      guard let size = try? WireCodec.size(of: signal) else { continue }
      room -= size
      if room < 0 { return }
      standing.append(signal)
    }
  }
}

extension WireRules {
  /// What a detector has learned of a shard.
  static func memory(_ data: Data, _ field: String) throws(WireError) -> [UInt8] {
    try Array(limited(data, field, limit: ShardMemory.maxBytes))
  }
}
