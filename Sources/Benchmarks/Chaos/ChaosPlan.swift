import TestKit

/// Something bad that is done to a process, to the store, to the network or to the receiver.
enum Blow: Sendable, Hashable {
  /// kill -9, and a new start after a pause.
  case kill(Victim)
  /// SIGSTOP and SIGCONT.
  case freeze(Victim)
  /// SIGTERM, and a new start after a pause.
  case restart(Victim)
  /// The store's crash and recovery.
  case storeCrash
  /// kill -9 of the store's main process, and a new start.
  case storeKill
  /// The store's orderly restart.
  case storeRestart
  /// SIGSTOP and SIGCONT of all the store's processes.
  case storeFreeze
  /// The link of the detector that has a network of its own is down.
  case cut
  /// The receiver of notifications answers 503.
  case receiverAway

  /// Whom it hits. Who leads is only known when it does.
  enum Victim: Sendable, Hashable {
    case leader, standby
    case agent(String)
  }

  /// For the report's table.
  var name: String {
    switch self {
    case .kill(let victim): "kill -9 of \(victim.name)"
    case .freeze(let victim): "SIGSTOP of \(victim.name)"
    case .restart(let victim): "restart of \(victim.name)"
    case .storeCrash: "crash of the store (immediate restart)"
    case .storeKill: "kill -9 of the store"
    case .storeFreeze: "SIGSTOP of the store"
    case .storeRestart: "restart of the store (fast)"
    case .cut: "network of a detector cut"
    case .receiverAway: "receiver away"
    }
  }
}

extension Blow.Victim {
  /// For the report's table: agents are counted together by their kind.
  var name: String {
    switch self {
    case .leader: "the leader"
    case .standby: "the standby"
    case .agent(let name): "a \(name.prefix { $0 != "-" })"
    }
  }
}

/// A fault of what is watched.
enum Fault: String, Sendable, CaseIterable {
  case leak = "leaked connections"
  case blocked = "blocked sessions"
  case slow = "slow queries"
  case disk = "folder over its budget"
  case cache = "full cache"
}

/// What a person says.
enum Say: String, Sendable, CaseIterable {
  case acknowledge, approve, resolve, snooze
  case falsePositive = "false-positive"
}

/// What is done when: the same seed gives the same plan.
struct ChaosPlan: Sendable {
  struct Entry<What: Sendable>: Sendable {
    /// Seconds from the begin.
    var at: Double
    /// How long it lasts: a freeze, an absence, a fault, or the pause before a new start.
    var seconds: Double
    var what: What
  }

  private(set) var blows: [Entry<Blow>] = []
  private(set) var faults: [Entry<Fault>] = []
  private(set) var words: [Entry<Say>] = []
  private(set) var alerts: [Entry<Int>] = []

  /// A plan for so many seconds.
  init(seed: UInt64, seconds: Double, agents: [String], canCut: Bool) {
    var random = SeededRandom(seed: seed)
    func times(_ gaps: ClosedRange<Double>, from start: Double) -> [Double] {
      var times: [Double] = []
      var at = start
      while at < seconds {
        times.append(at)
        at += Double.random(in: gaps, using: &random)
      }
      return times
    }
    blows = times(2.5...7, from: 3).map { at in
      let blow = Self.blow(agents, canCut, &random)
      let seconds =
        switch blow {
        case .freeze: Double.random(in: 0.5...8, using: &random)
        case .storeFreeze: Double.random(in: 0.5...4, using: &random)
        case .cut: Double.random(in: 2...10, using: &random)
        case .receiverAway: Double.random(in: 2...8, using: &random)
        default: Double.random(in: 0.1...4, using: &random)
        }
      return Entry(at: at, seconds: seconds, what: blow)
    }
    faults = times(9...20, from: 2).enumerated().map { index, at in
      // Every kind once before chance has the word.
      let all = Fault.allCases
      let fault = index < all.count ? all[index] : all[Int.random(in: 0..<all.count, using: &random)]
      return Entry(at: at, seconds: Double.random(in: 12...25, using: &random), what: fault)
    }
    words = times(2...6, from: 8).map { at in
      let all: [Say] = [
        .acknowledge, .acknowledge, .approve, .approve, .approve, .resolve, .snooze, .falsePositive,
      ]
      return Entry(at: at, seconds: 0, what: all[Int.random(in: 0..<all.count, using: &random)])
    }
    alerts = times(0.3...1.2, from: 0.5).map { at in
      Entry(at: at, seconds: 0, what: Int.random(in: 0..<12, using: &random))
    }
  }

  private static func blow(_ agents: [String], _ canCut: Bool, _ random: inout SeededRandom) -> Blow {
    let agent = Blow.Victim.agent(agents[Int.random(in: 0..<agents.count, using: &random)])
    switch Int.random(in: 0..<20, using: &random) {
    case 0...2: return .kill(.leader)
    case 3...4: return .freeze(.leader)
    case 5: return .restart(.leader)
    case 6: return .kill(.standby)
    case 7: return .freeze(.standby)
    case 8...10: return .kill(agent)
    case 11...12: return .freeze(agent)
    case 13: return .restart(agent)
    case 14: return .storeCrash
    case 15: return .storeKill
    case 16: return Bool.random(using: &random) ? .storeRestart : .storeFreeze
    case 17: return canCut ? .cut : .kill(agent)
    default: return .receiverAway
    }
  }
}
