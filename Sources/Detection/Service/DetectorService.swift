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
  private var detector: Detector
  private let sources: [SourceSettings]
  private let probes: [SourceProbe]
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
  ///   - sink: where signals go.
  ///   - limits: what the detector may hold.
  ///   - saysFirstGood: whether the first good sample of each series is said as cleared.
  ///   - clock: what measurements are timed by.
  ///   - now: the time of day that samples are held against.
  ///   - logger: where raising and clearing is told, once each.
  ///   - collectors: makes the collector of a source.
  /// - Throws: ``DetectionGraphError``; never in a released version.
  package init(
    sources: [SourceSettings], name: String, instance: String, sink: any SignalSink,
    limits: Detector.Limits = Detector.Limits(), saysFirstGood: Bool = true,
    clock: any Clock<Duration> = ContinuousClock(),
    now: @escaping @Sendable () -> Timestamp, logger: Logger,
    collectors: (SourceSettings) -> any Collector = makeCollector(for:)
  ) throws(DetectionGraphError) {
    detector = Detector(
      name: name, instance: instance, sources: sources, limits: limits,
      saysFirstGood: saysFirstGood, graph: try .standard())
    self.sources = sources
    probes = sources.map { SourceProbe(collectors($0)) }
    self.sink = sink
    self.clock = clock
    self.now = now
    self.logger = logger
  }

  /// Watches until the task is cancelled, then closes the collectors; ends within a second.
  package func run() async {
    let (sources, probes, clock) = (sources, probes, clock)
    await withDiscardingTaskGroup { group in
      for (index, source) in sources.enumerated() {
        group.addTask { await self.watch(source, probes[index], phase: index, on: clock) }
      }
      group.addTask { await self.reportStatistics(on: clock) }
    }
    await withDiscardingTaskGroup { group in
      for probe in probes {
        group.addTask { await probe.close() }
      }
    }
  }

  /// Measures one source again and again, on a grid of its own.
  private nonisolated func watch<C: Clock>(
    _ source: SourceSettings, _ probe: SourceProbe, phase index: Int, on clock: C
  ) async where C.Duration == Duration {
    let interval = Duration.seconds(source.intervalSeconds)
    // Always the same small offset, so that many sources do not all wake the machine at once.
    let phase = min(.milliseconds(20) * index, interval / 4)
    var schedule = CollectionSchedule(
      start: clock.now.advanced(by: phase), interval: interval, retry: .seconds(source.retrySeconds))
    while (try? await clock.sleep(until: schedule.due, tolerance: nil)) != nil {
      let outcome = await probe.collect(
        at: now(), within: .seconds(source.timeoutSeconds), on: clock)
      guard !Task.isCancelled else { return }
      switch outcome {
      case .samples(let samples):
        await absorb(samples, from: source.name)
        schedule.succeeded(at: clock.now)
      case .failed(let reason):
        await fail(source.name, because: reason)
        schedule.failed(at: clock.now)
      case .cancelled: return
      }
      for note in await probe.takeNotes() {
        logger.notice(
          "not everything is measured", metadata: ["source": "\(source.name)", "note": "\(note)"])
      }
    }
  }

  private func absorb(_ samples: [Sample], from source: String) async {
    await say(detector.absorb(samples, from: source, at: now()))
  }

  private func fail(_ source: String, because reason: String) async {
    logger.debug(
      "source failed", metadata: ["source": "\(source)", "reason": "\(reason.oneLine(limit: 300))"])
    await say(detector.fail(source, because: reason, at: now()))
  }

  private func say(_ signals: [Signal]) async {
    guard !signals.isEmpty else { return }
    for signal in signals { log(signal) }
    await sink.submit(signals)
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
