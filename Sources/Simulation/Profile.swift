import IncidentModel

/// How bad a seed's world is. Every seed draws its own mix, so that some lives are calm but for one kind of
/// trouble: swarm testing (Groce et al., 2012) finds more than one mix for all.
struct Profile {
  var coordinators = 2
  var detectors = 2
  var diagnosers = 2
  var resolvers = 2
  var targets = 3
  /// Of the troubled part, in milliseconds; a quiet part follows, in which everything must come to its end.
  var troubled: Int64 = 240_000

  /// Messages lost, doubled and late, each with this probability.
  var loss = 0.0
  var doubled = 0.0
  var late = 0.0
  /// Milliseconds between two faults of the processes, the store and the network, on average.
  var faultEvery: Int64 = 20_000
  var faults: [FaultKind] = []
  /// A process dies at a point that its code is known to be at with this probability.
  var crashPoint = 0.0
  /// An append fails, is written though its answer is lost, or takes long.
  var storeTrouble = 0.0
  /// A sink fails with this probability.
  var sinkTrouble = 0.0
  /// Steps that fail, remedies that don't help, measurements that say nothing.
  var stepTrouble = 0.1
  /// Clocks differ by so many milliseconds at the most.
  var skew: Int64 = 0
  /// Milliseconds between two troubles of a target, on average.
  var breakEvery: Int64 = 40_000
  /// People answer with this probability.
  var people = 0.5
  /// Who is told when nobody answers.
  var escalation = EscalationPolicy.standard
  /// An acknowledgement lapses after so long.
  var acknowledgementLimit: Duration?
  /// Whether every message is put on the wire and read from it, byte by byte.
  var wire = false
  /// Whether every event goes through the journal's JSON.
  var json = false

  init(_ random: inout SimRandom) {
    coordinators = random.chance(0.2) ? 1 : random.chance(0.2) ? 3 : 2
    detectors = random.int(1...3)
    diagnosers = random.int(1...3)
    resolvers = random.int(1...3)
    targets = random.int(1...4)
    troubled = random.time(90_000...240_000)
    if random.chance(0.6) {
      loss = random.pick([0.01, 0.05, 0.2])
      doubled = random.pick([0, 0.02, 0.1])
      late = random.pick([0, 0.02, 0.1])
    }
    faults = FaultKind.allCases.filter { _ in random.chance(0.5) }
    faultEvery = random.pick([6_000, 15_000, 40_000])
    if random.chance(0.5) { crashPoint = random.pick([0.001, 0.005, 0.02]) }
    if random.chance(0.5) { storeTrouble = random.pick([0.01, 0.1, 0.3]) }
    if random.chance(0.5) { sinkTrouble = random.pick([0.1, 0.5]) }
    stepTrouble = random.pick([0, 0.1, 0.4])
    if random.chance(0.4) { skew = random.pick([500, 5_000, 60_000]) }
    breakEvery = random.pick([10_000, 30_000, 90_000])
    people = random.pick([0, 0.5, 0.9])
    escalation = Policies.draw(&random)
    if random.chance(0.3) { acknowledgementLimit = .seconds(random.int(30...120)) }
    wire = random.chance(0.05)
    json = random.chance(0.05)
  }
}

/// What is done to the processes, the network, the store and the clocks.
enum FaultKind: String, CaseIterable {
  case crashCoordinator = "coordinator killed"
  case crashAgent = "agent killed"
  case stopCoordinator = "coordinator stopped"
  case stopAgent = "agent stopped"
  case freezeCoordinator = "coordinator frozen"
  case freezeAgent = "agent frozen"
  case partition = "partition both ways"
  case oneWay = "partition one way"
  case cutStore = "store cut off from one coordinator"
  case storeDown = "store down"
  case clockJump = "clock jump"
  case sinkDown = "sink down"
  case slowWorkers = "workers slow"
}
