import Coordination
import Glibc
import IncidentEngine
import IncidentModel
import MessageBus
import Notification

/// Lets the coordinator's real core, with engine, intake, views and deliveries, live through many signals in
/// this process, without sockets and disk, and looks at what it takes.
///
/// Time is virtual and goes on with the signals; every sink takes everything at once.
struct MemoryBenchmark {
  /// Signals in a batch, as a busy detector sends them.
  private static let batch = 100

  let incidents: Int
  let signals: Int
  /// Signals a second of virtual time.
  let pace: Double
  /// Told what was seen.
  let progress: (MemoryRow) -> Void

  /// Measures; the rows in the order of time.
  func run() throws -> [MemoryRow] {
    let start = Timestamp(seconds: Double(time(nil)))
    let mix = AlertMix(count: signals, series: incidents, now: start)
    var world = World(start: start)
    var rows = [MemoryRow(world, base: 0, seconds: 0)]
    let base = rows[0].residentBytes
    progress(rows[0])
    let began = ContinuousClock.now
    let step = max(Self.batch, signals / 10)
    for first in stride(from: 0, to: signals, by: Self.batch) {
      let last = min(first + Self.batch, signals)
      let now = start + .seconds(Double(first) / pace)
      world.take((first..<last).map { mix.signal($0, at: now) }, at: now)
      let isOpened = first < incidents && last >= incidents
      if isOpened || last % step < Self.batch || last == signals {
        let row = MemoryRow(world, base: base, seconds: (ContinuousClock.now - began).inSeconds)
        rows.append(row)
        progress(row)
      }
    }
    return rows
  }

  /// A leader without anything around it.
  struct World {
    private(set) var core: CoordinatorCore
    private let detector = PeerID(instance: "bench")
    private var batches: UInt64 = 0
    private var lastTick: Timestamp
    private(set) var taken = 0
    /// What was told to people.
    private(set) var told = 0

    init(start: Timestamp) {
      core = CoordinatorCore(
        policy: EnginePolicy(),
        identity: CoordinatorCore.Identity(
          instance: "bench", version: AIOpsVersion.current, leaseSeconds: 10, heartbeatSeconds: 3,
          changesEndpoint: "", sinks: ["log"]))
      core.lead(epoch: 1, asked: start, at: start)
      lastTick = start
    }

    mutating func take(_ signals: [Signal], at now: Timestamp) {
      batches += 1
      taken += signals.count
      perform(core.receive(.message(.signals(batch: batches, signals), from: detector), at: now), at: now)
      if now - lastTick >= .milliseconds(250) {
        lastTick = now
        perform(core.receive(.tick, at: now), at: now)
      }
      // All that waits: every batch is durable as soon as it is decided.
      while let batch = core.begin(at: now) {
        perform(core.confirmed(asked: now, at: now), at: now)
        perform(core.commit(batch, at: now), at: now)
      }
    }

    private mutating func perform(_ outputs: [CoreOutput], at now: Timestamp) {
      for case .deliver(let notification, let sink) in outputs {
        told += 1
        perform(
          core.receive(
            .delivered(key: notification.key, sink: sink, .delivered(detail: "taken")), at: now), at: now)
      }
    }
  }
}

/// What was seen at one moment.
struct MemoryRow: Sendable, Encodable {
  var signals: Int
  var openIncidents: Int
  /// Announcements that were delivered.
  var told: Int
  var residentBytes: Int
  /// What came since before the first signal, by open incident.
  var bytesPerIncident: Int
  /// Signals a second of real time so far.
  var signalsPerSecond: Double

  init(_ world: MemoryBenchmark.World, base: Int, seconds: Double) {
    signals = world.taken
    openIncidents = world.core.engine.state.openCount
    told = world.told
    residentBytes = ProcessUsage.read(getpid()).residentBytes
    bytesPerIncident = openIncidents > 0 ? (residentBytes - base) / openIncidents : 0
    signalsPerSecond = seconds > 0 ? Double(signals) / seconds : 0
  }

  /// For people.
  var text: String {
    "\(grouped(signals)) signals, \(grouped(openIncidents)) open incidents, \(grouped(told)) announcements: "
      + "\(fixed(Double(residentBytes) / 1e6, 1)) MB resident, \(grouped(bytesPerIncident)) bytes an incident, "
      + "\(grouped(Int(signalsPerSecond))) signals/s"
  }
}
