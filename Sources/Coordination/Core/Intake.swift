import DequeModule
import IncidentEngine
package import MessageBus
import OrderedCollections

/// The bounded, fair queue of inputs before the engine.
///
/// What agents and people say about incidents goes first. Signals wait in one queue for each source, and
/// the sources take turns, so that a storm from one delays that one only. At the bound the source with the
/// most waiting signals loses its newest message: it was not acknowledged and comes again.
package struct Intake: Sendable {
  /// What became of a letter.
  package enum Outcome: Equatable, Sendable {
    case taken
    /// A newer one of the same kind took the place of one that waited.
    case replaced
    /// There is no room; these letters are out, perhaps the new one itself.
    case shed([Origin])
  }

  /// Where signals come from.
  package enum Source: Hashable, Sendable {
    case agent(PeerID)
    /// The HTTP API, by the name of the token.
    case api(String?)
  }

  package struct Limits: Sendable {
    /// Signals and alerts that wait at the most.
    package var signals = 16_384
    /// Other inputs that wait at the most.
    package var others = 8_192

    /// The defaults.
    package init() {}
  }

  /// What waits from one source.
  private struct Lane: Sendable {
    private(set) var letters: Deque<Letter> = []
    /// The numbers of the batches among them; of one source, so the numbers alone tell them apart.
    private var batches: Set<UInt64> = []
    private(set) var weight = 0

    var isEmpty: Bool { letters.isEmpty }

    /// - Returns: false for a message that is sent again while its first copy still waits.
    mutating func append(_ letter: Letter) -> Bool {
      if case .batch(_, let number) = letter.origin, !batches.insert(number).inserted { return false }
      letters.append(letter)
      weight += Intake.weight(letter)
      return true
    }

    mutating func popFirst() -> Letter? { left(letters.popFirst()) }
    mutating func popLast() -> Letter? { left(letters.popLast()) }

    private mutating func left(_ letter: Letter?) -> Letter? {
      guard let letter else { return nil }
      if case .batch(_, let number) = letter.origin { batches.remove(number) }
      weight -= Intake.weight(letter)
      return letter
    }
  }

  package let limits: Limits
  private var others: Deque<Letter> = []
  /// The origins of ``others``.
  private var waitingOrigins: Set<Origin> = []
  /// The heartbeats that wait, by their peer: a later one replaces an earlier one.
  private var heartbeats: OrderedDictionary<PeerID, Letter> = [:]
  private var lanes: OrderedDictionary<Source, Lane> = [:]
  package private(set) var waitingSignals = 0
  private var tickWaits = false
  private var turn = 0

  /// Messages that found no room.
  package private(set) var shed: UInt64 = 0

  package init(limits: Limits = Limits()) { self.limits = limits }

  /// Inputs that wait.
  package var count: Int {
    others.count + heartbeats.count + (tickWaits ? 1 : 0) + lanes.values.reduce(0) { $0 + $1.letters.count }
  }

  package var isEmpty: Bool { others.isEmpty && heartbeats.isEmpty && !tickWaits && lanes.isEmpty }

  /// How full it is with signals, 0…1.
  package var fill: Double { Double(waitingSignals) / Double(max(limits.signals, 1)) }

  package mutating func put(_ letter: Letter) -> Outcome {
    switch (letter.input, letter.origin) {
    case (.tick, _):
      // While the journal is stuck one waiting tick is enough.
      if tickWaits { return .replaced }
      tickWaits = true
      return .taken
    case (.heartbeat, .heartbeat(let peer, _)):
      guard heartbeats[peer] != nil || heartbeats.count < limits.others else { return shedding(letter) }
      return heartbeats.updateValue(letter, forKey: peer) == nil ? .taken : .replaced
    case (.signals, .batch(let peer, _)): return put(letter, of: .agent(peer))
    case (.alerts(_, _, let token), _): return put(letter, of: .api(token))
    case (_, .nobody):
      // What became of a delivery and the like: said once, and bounded by what it is about.
      others.append(letter)
      return .taken
    default:
      guard others.count < limits.others else { return shedding(letter) }
      // What is sent again while its first copy still waits is the same message.
      guard waitingOrigins.insert(letter.origin).inserted else { return .replaced }
      others.append(letter)
      return .taken
    }
  }

  private mutating func shedding(_ letter: Letter) -> Outcome {
    shed += 1
    return .shed([letter.origin])
  }

  private mutating func put(_ letter: Letter, of source: Source) -> Outcome {
    guard lanes[source, default: Lane()].append(letter) else { return .replaced }
    waitingSignals += Self.weight(letter)
    var out: [Origin] = []
    while waitingSignals > limits.signals, let greedy = greediest(), let last = lanes[greedy]?.popLast() {
      waitingSignals -= Self.weight(last)
      if lanes[greedy]?.isEmpty == true { lanes.removeValue(forKey: greedy) }
      out.append(last.origin)
      shed += 1
    }
    return out.isEmpty ? .taken : .shed(out)
  }

  /// What a letter counts for; an empty one takes room too.
  private static func weight(_ letter: Letter) -> Int { max(letter.weight, 1) }

  /// The source with the most waiting signals.
  private func greediest() -> Source? {
    lanes.max { $0.value.weight < $1.value.weight }?.key
  }

  /// Takes the next letters: what is no signal first, then the sources in turn. However many requests wait, there is
  /// room for heartbeats, time and signals.
  /// - Parameters:
  ///   - signals: signals at the most, but at least one message.
  ///   - letters: letters at the most.
  package mutating func take(signals limit: Int, letters: Int) -> [Letter] {
    var taken: [Letter] = []
    takeOthers(upTo: max(letters / 2, 1), &taken)
    let room = max(letters - letters / 8, 1)
    while taken.count < room, !heartbeats.isEmpty { taken.append(heartbeats.removeFirst().value) }
    // After a long wait leases are renewed before time takes them.
    if taken.count < letters, tickWaits {
      tickWaits = false
      taken.append(Letter(input: .tick, origin: .nobody))
    }
    var weight = 0
    while taken.count < letters, weight < limit, !lanes.isEmpty {
      turn = turn < lanes.count ? turn : 0
      guard let letter = lanes.values[turn].popFirst() else { break }
      if lanes.values[turn].isEmpty { lanes.remove(at: turn) } else { turn += 1 }
      waitingSignals -= Self.weight(letter)
      weight += Self.weight(letter)
      taken.append(letter)
    }
    takeOthers(upTo: letters, &taken)
    return taken
  }

  private mutating func takeOthers(upTo limit: Int, _ taken: inout [Letter]) {
    while taken.count < limit, let letter = others.popFirst() {
      waitingOrigins.remove(letter.origin)
      taken.append(letter)
    }
  }

  /// Takes out all that is left.
  package mutating func drain() -> [Letter] {
    var all: [Letter] = []
    while !isEmpty { all += take(signals: .max, letters: .max) }
    return all
  }
}
