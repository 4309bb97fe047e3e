package import MessageBus
package import Settings

/// What of a configuration can be watched by one detector and what by another.
///
/// A shard is a source, for one measurement of a server gives all its series at once, and to share them out would
/// ask it as often as there are detectors. Only a Prometheus source is a shard for each of its queries, each of which
/// is asked alone anyway. What only one machine can see, `host`, is a shard of that machine.
package enum ShardOffers {
  /// The shards of these sources on this machine.
  package static func of(_ sources: [SourceSettings], host: String) -> [ShardOffer] {
    sources.flatMap { source in
      shards(of: source, host: host).map { ShardOffer($0, intervalSeconds: source.intervalSeconds) }
    }
  }

  private static func shards(of source: SourceSettings, host: String) -> [Shard] {
    switch source.kind {
    case .host: [Shard(target: source.name, host: host)]
    case .prometheus(let settings): settings.queries.map { Shard(target: source.name, metric: $0.metric) }
    case .postgres, .redis, .http: [Shard(target: source.name)]
    }
  }
}
