package import IncidentModel

/// What one detector at a time watches: a source, or one query of a Prometheus source.
///
/// Its parts are kept apart rather than put together in one text, so that no name can be taken for two.
package struct Shard: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// The source.
  package var target: String
  /// The metric of the one query that it is; `nil` for a whole source.
  package var metric: String?
  /// The machine that it can be measured on, for what only that machine sees; `nil` when any can.
  package var host: String?

  /// A shard; see the fields.
  package init(target: String, metric: String? = nil, host: String? = nil) {
    self.target = target
    self.metric = metric
    self.host = host
  }

  /// For people: `shop-db`, `metrics/shop_error_ratio`, `this-host@web-1`.
  package var description: String {
    target + (metric.map { "/\($0)" } ?? "") + (host.map { "@\($0)" } ?? "")
  }

  package static func < (a: Shard, b: Shard) -> Bool {
    (a.target, a.metric ?? "", a.host ?? "") < (b.target, b.metric ?? "", b.host ?? "")
  }

  /// Whether a signal is about something in it.
  package func covers(_ signal: Signal) -> Bool {
    guard signal.target == target else { return false }
    // What an older version raised names neither machine nor query, and every part may clear it.
    if let host, let machine = signal.labels[Label.host], machine != host { return false }
    guard let metric else { return true }
    guard signal.rule.kind == .sourceFailure else { return signal.metric == metric }
    return signal.failedQuery.map { $0 == metric } ?? true
  }
}

/// Orders the grants of a shard: whoever got it later has the higher one.
package struct ShardStamp: Hashable, Sendable, Comparable {
  /// The epoch of the leader that gave it.
  package var epoch: UInt64
  /// Rises with every grant of that leader.
  package var number: UInt64

  /// A stamp; see the fields.
  package init(epoch: UInt64, number: UInt64) {
    self.epoch = epoch
    self.number = number
  }

  /// Of what a detector took by itself because nobody shared anything out.
  package static let own = ShardStamp(epoch: 0, number: 0)

  package static func < (a: ShardStamp, b: ShardStamp) -> Bool {
    (a.epoch, a.number) < (b.epoch, b.number)
  }
}

/// A shard under the grant that it is held by.
package struct HeldShard: Hashable, Sendable {
  package var shard: Shard
  package var stamp: ShardStamp

  /// A shard and its grant.
  package init(_ shard: Shard, _ stamp: ShardStamp) {
    self.shard = shard
    self.stamp = stamp
  }
}

/// A shard that a detector could watch.
package struct ShardOffer: Hashable, Sendable {
  package var shard: Shard
  /// It is measured every so many seconds.
  package var intervalSeconds: Double

  /// An offer; see the fields.
  package init(_ shard: Shard, intervalSeconds: Double) {
    self.shard = shard
    self.intervalSeconds = intervalSeconds
  }
}

/// What a detector could watch, watches, and watched. All of it, every time: whoever leads by now may know nothing.
package struct ShardReport: Hashable, Sendable {
  /// Shards of one detector at the most.
  package static let limit = 5_000

  /// Rises with every report of a detector's run: one that was late is no news.
  package var sequence: UInt64
  package var offers: [ShardOffer]
  package var held: [HeldShard]
  /// Given back, and as far as the detector knows not passed on yet.
  package var released: [HeldShard]

  /// A report; see the fields.
  package init(
    sequence: UInt64, offers: [ShardOffer] = [], held: [HeldShard] = [], released: [HeldShard] = []
  ) {
    self.sequence = sequence
    self.offers = offers
    self.held = held
    self.released = released
  }
}

/// What a detector has learned of a shard: baselines, waits, alarms. In the detectors' own words, which nobody
/// else reads.
package struct ShardMemory: Hashable, Sendable {
  /// Bytes at the most, so that the frame around it fits.
  package static let maxBytes = 512 << 10

  package var held: HeldShard
  /// Whether the detector stopped watching it; else this is for the case that it dies.
  package var isReleased: Bool
  package var bytes: [UInt8]

  /// A memory; see the fields.
  package init(_ held: HeldShard, isReleased: Bool, bytes: [UInt8]) {
    self.held = held
    self.isReleased = isReleased
    self.bytes = bytes
  }
}

/// The right and the duty to watch a shard.
package struct ShardGrant: Hashable, Sendable {
  /// Standing signals that go along at the most.
  package static let maxStanding = 1_000

  package var held: HeldShard
  /// What the last owner had learned; empty for nothing.
  package var memory: [UInt8]
  /// What was raised and stands, by the journal: what the new owner must clear when it is over.
  package var standing: [Signal]

  /// A grant; see the fields.
  package init(_ held: HeldShard, memory: [UInt8] = [], standing: [Signal] = []) {
    self.held = held
    self.memory = memory
    self.standing = standing
  }
}

/// The coordinator's answer to a ``ShardReport``.
package struct ShardNotice: Hashable, Sendable {
  /// The leader's epoch, and the number of the latest grant to anybody.
  package var latest: ShardStamp
  /// Whether the leader knows by now who watches what, so that what a detector was not given is not its own.
  package var isSettled: Bool

  /// A notice; see the fields.
  package init(latest: ShardStamp, isSettled: Bool) {
    self.latest = latest
    self.isSettled = isSettled
  }
}
