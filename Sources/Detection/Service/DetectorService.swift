package import Collection
package import IncidentModel
package import Logging
package import MessageBus
package import Settings

/// The shell around the ``Detector``: measures each source in its own rhythm and sends what the detector says.
///
/// Every source has a task of its own, so a source that fails or hangs neither stops nor delays another.
/// It keeps nothing on disk: after a restart what is still wrong is raised again, which the coordinator takes as
/// one more sign of the same trouble, and what is in order by now is said to be cleared, once.
package actor DetectorService {
  /// So often what is known of each shard is told, in case this detector dies.
  private static let checkpointPause = Duration.seconds(120)

  private var detector: Detector
  private let sources: [SourceSettings]
  private let newCollector: @Sendable (SourceSettings) -> any Collector
  private let link: (any ShardLink)?
  /// What is watched now, by source; without a link everything, by one watch each.
  private var watches: [String: Watch] = [:]
  private var watched: Set<Shard> = []
  private var lastWatch = 0
  private let sink: any SignalSink
  private let clock: any Clock<Duration>
  private let now: @Sendable () -> Timestamp
  private let logger: Logger
  private var logged: [Fingerprint: Severity] = [:]

  /// A service that does nothing before ``run()``.
  /// - Parameters:
  ///   - sources: what is watched.
  ///   - name: the detector's name.
  ///   - instance: unique to this run of the process; begins the ids of signals.
  ///   - host: this machine's name.
  ///   - sink: where signals go.
  ///   - limits: what the detector may hold.
  ///   - saysFirstGood: whether the first good sample of each series is said as cleared.
  ///   - clock: what measurements are timed by.
  ///   - now: the time of day that samples are held against.
  ///   - logger: where raising and clearing is told, once each.
  ///   - link: where it hears what of the sources it is to watch; `nil` watches all of them.
  ///   - collectors: makes the collector of a source.
  /// - Throws: ``DetectionGraphError``; never in a released version.
  package init(
    sources: [SourceSettings], name: String, instance: String, host: String = hostName(),
    sink: any SignalSink,
    limits: Detector.Limits = Detector.Limits(), saysFirstGood: Bool = true,
    clock: any Clock<Duration> = ContinuousClock(),
    now: @escaping @Sendable () -> Timestamp, logger: Logger, link: (any ShardLink)? = nil,
    collectors: @escaping @Sendable (SourceSettings) -> any Collector = makeCollector(for:)
  ) throws(DetectionGraphError) {
    detector = Detector(
      name: name, instance: instance, sources: sources, host: host, limits: limits,
      saysFirstGood: saysFirstGood, graph: try .standard())
    self.sources = sources
    newCollector = collectors
    self.link = link
    self.sink = sink
    self.clock = clock
    self.now = now
    self.logger = logger
  }

  /// Watches until the task is cancelled, then closes the collectors; ends within a second.
  ///
  /// With a link it watches what it is told to, and in the end says what it knows of it.
  package func run() async {
    if link != nil { detector.watchNothing() }
    let clock = clock
    await withDiscardingTaskGroup { group in
      group.addTask { await self.reportStatistics(on: clock) }
      guard let link else {
        for source in sources {
          let watch = begin(source, after: .zero)
          group.addTask { await self.serve(watch, on: clock) }
        }
        return
      }
      group.addTask { await self.checkpoint(on: clock) }
      for await order in link.shardOrders {
        switch order {
        case .watch(let grant):
          if let watch = take(grant) { group.addTask { await self.serve(watch, on: clock) } }
        case .unwatch(let shard):
          let watch = await give(shard, to: link)
          if let watch { group.addTask { await self.serve(watch, on: clock) } }
        }
      }
    }
    for shard in watched.sorted() { await link?.learned(shard, detector.memory(of: shard), isReleased: true) }
  }

  // MARK: Shards

  /// One source, or the part of it that is watched here, until that changes.
  private struct Watch: Sendable {
    let number: Int
    let source: SourceSettings
    let probe: SourceProbe
    /// The offset on its grid.
    let phase: Duration
    let stopped: AsyncStream<Never>
    let stop: AsyncStream<Never>.Continuation
  }

  /// Begins to watch a source in place of what was watched of it before.
  private func begin(_ source: SourceSettings, after pause: Duration) -> Watch {
    watches[source.name]?.stop.finish()
    lastWatch += 1
    let index = sources.firstIndex { $0.name == source.name } ?? 0
    // Always the same small offset, so that many sources do not all wake the machine at once.
    let interval = Duration.seconds(source.intervalSeconds)
    let phase = min(.milliseconds(20) * index, interval / 4)
    let (stopped, stop) = AsyncStream<Never>.makeStream()
    let watch = Watch(
      number: lastWatch, source: source, probe: SourceProbe(newCollector(source)), phase: max(phase, pause),
      stopped: stopped, stop: stop)
    watches[source.name] = watch
    return watch
  }

  private func take(_ grant: ShardGrant) -> Watch? {
    let shard = grant.held.shard
    guard let source = sources.first(where: { $0.name == shard.target }) else { return nil }
    let adopted = detector.watch(shard, memory: grant.memory, standing: grant.standing, at: now())
    for signal in adopted {
      logged[signal.fingerprint] = max(signal.severity, logged[signal.fingerprint] ?? signal.severity)
    }
    guard watched.insert(shard).inserted else { return nil }
    logger.info(
      "watching",
      metadata: ["shard": "\(shard)", "bytes": "\(grant.memory.count)", "alarms": "\(adopted.count)"])
    return beginPart(of: source)
  }

  private func give(_ shard: Shard, to link: any ShardLink) async -> Watch? {
    let (memory, series) = detector.unwatch(shard)
    for fingerprint in series { logged[fingerprint] = nil }
    watched.remove(shard)
    logger.info("not watching any more", metadata: ["shard": "\(shard)", "bytes": "\(memory.count)"])
    let next = sources.first { $0.name == shard.target }.flatMap { beginPart(of: $0) }
    await link.learned(shard, memory, isReleased: true)
    return next
  }

  /// Watches as much of a source as there are shards of it.
  private func beginPart(of source: SourceSettings) -> Watch? {
    let mine = watched.filter { $0.target == source.name }
    guard !mine.isEmpty else {
      watches.removeValue(forKey: source.name)?.stop.finish()
      return nil
    }
    let metrics = Set(mine.compactMap(\.metric))
    // Its shards come one after another: a moment, and they are asked together.
    return metrics.isEmpty
      ? begin(source, after: .zero) : begin(source.part(metrics), after: .milliseconds(100))
  }

  private nonisolated func checkpoint<C: Clock>(on clock: C) async where C.Duration == Duration {
    while (try? await clock.sleep(for: Self.checkpointPause)) != nil { await sayMemories(nil) }
  }

  /// Says what is known of the shards of a source, or of all.
  private func sayMemories(_ source: String?) async {
    guard let link else { return }
    for shard in watched.sorted() where source.map({ $0 == shard.target }) ?? true {
      let memory = detector.memory(of: shard)
      await link.learned(shard, memory, isReleased: false)
    }
  }

  // MARK: Measuring

  /// Watches until it is stopped, then closes the collector.
  private nonisolated func serve<C: Clock>(_ watch: Watch, on clock: C) async where C.Duration == Duration {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.measure(watch, on: clock) }
      group.addTask { for await _ in watch.stopped {} }
      _ = await group.next()
      group.cancelAll()
    }
    await watch.probe.close()
  }

  /// Measures one source again and again, on a grid of its own.
  private nonisolated func measure<C: Clock>(_ watch: Watch, on clock: C) async where C.Duration == Duration {
    let source = watch.source
    var schedule = CollectionSchedule(
      start: clock.now.advanced(by: watch.phase), interval: .seconds(source.intervalSeconds),
      retry: .seconds(source.retrySeconds))
    while (try? await clock.sleep(until: schedule.due, tolerance: nil)) != nil {
      let outcome = await watch.probe.collect(
        at: now(), within: .seconds(source.timeoutSeconds), on: clock)
      guard !Task.isCancelled else { return }
      switch outcome {
      case .samples(let samples):
        await absorb(samples, watch)
        schedule.succeeded(at: clock.now)
      case .failed(let reason):
        await fail(watch, because: reason)
        schedule.failed(at: clock.now)
      case .cancelled: return
      }
      for note in await watch.probe.takeNotes() {
        logger.notice(
          "not everything is measured", metadata: ["source": "\(source.name)", "note": "\(note)"])
      }
    }
  }

  /// What was measured for a watch that has ended meanwhile is another detector's to say.
  private func isCurrent(_ watch: Watch) -> Bool { watches[watch.source.name]?.number == watch.number }

  private func absorb(_ samples: [Sample], _ watch: Watch) async {
    guard isCurrent(watch) else { return }
    await say(detector.absorb(samples, from: watch.source.name, at: now()), of: watch.source.name)
  }

  private func fail(_ watch: Watch, because reason: String) async {
    guard isCurrent(watch) else { return }
    logger.debug(
      "source failed",
      metadata: ["source": "\(watch.source.name)", "reason": "\(reason.oneLine(limit: 300))"])
    await say(
      detector.fail(watch.source.name, because: reason, at: now()), of: watch.source.name)
  }

  private func say(_ signals: [Signal], of source: String) async {
    guard !signals.isEmpty else { return }
    let before = logged
    for signal in signals { log(signal) }
    await sink.submit(signals)
    // Whoever takes over from one that died should know of this alarm, or of its end.
    if logged != before { await sayMemories(source) }
  }

  /// Once for each raising, worsening and clearing; that trouble lasts is not news.
  private func log(_ signal: Signal) {
    let before = logged[signal.fingerprint]
    let metadata: Logger.Metadata = [
      "fingerprint": "\(signal.fingerprint)", "value": "\(signal.value.brief)",
      "unit": "\(signal.unit)", "severity": "\(signal.severity.rawValue)",
      "rule": "\(signal.rule.text)", "signal": "\(signal.id)",
    ]
    switch (signal.state, before) {
    case (.raised, nil): logger.notice("raised", metadata: metadata)
    case (.raised, .some(let worst)) where signal.severity > worst:
      logger.notice("worse", metadata: metadata)
    case (.raised, _): logger.debug("still raised", metadata: metadata)
    case (.cleared, nil): logger.debug("in order since the start", metadata: metadata)
    case (.cleared, _): logger.notice("cleared", metadata: metadata)
    }
    logged[signal.fingerprint] =
      signal.state == .cleared ? nil : max(signal.severity, before ?? signal.severity)
  }

  private nonisolated func reportStatistics<C: Clock>(on clock: C) async
  where C.Duration == Duration {
    while (try? await clock.sleep(for: .seconds(60))) != nil { await report() }
  }

  private func report() {
    let statistics = detector.takeStatistics()
    if statistics.noRoom > 0 {
      logger.warning(
        "too many series: samples of new ones are refused; watch fewer labels, or share the sources among detectors",
        metadata: ["refused": "\(statistics.noRoom)", "series": "\(detector.seriesCount)"])
    }
    if !statistics.refused.isEmpty {
      let reasons = statistics.refused.sorted { $0.key.rawValue < $1.key.rawValue }
      logger.notice(
        "samples that can't be judged",
        metadata: Dictionary(
          uniqueKeysWithValues: reasons.map { ($0.key.rawValue, "\($0.value)") }))
    }
    for fingerprint in statistics.forgotten {
      logged[fingerprint] = nil
      logger.notice(
        "forgotten, not cleared: not reported for too long",
        metadata: ["fingerprint": "\(fingerprint)"])
    }
  }
}
