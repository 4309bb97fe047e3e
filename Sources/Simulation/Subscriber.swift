import Coordination
import IncidentEngine
import IncidentModel
import MessageBus

/// Somebody who follows the numbered changes of the coordinator that leads, as a dashboard would: publishing loses
/// messages, and what it lost is repaired with snapshots.
struct Subscriber {
  var tracker = ChangeTracker()
  /// What it shows.
  var shown: [IncidentID: IncidentDigest] = [:]
  var asked: Int64 = 0
  var lastRequest: UInt64 = 0

  mutating func show(_ updates: [ChangeUpdate]) {
    for update in updates {
      switch update {
      case .reset(let incidents):
        shown = Dictionary(incidents.map { ($0.id, $0) }, uniquingKeysWith: { _, last in last })
      case .changed(let incident): shown[incident.id] = incident
      }
    }
  }
}

extension Simulation {
  static let subscriberPeer = PeerID(instance: "dashboard")

  /// A change was published.
  func follow(_ change: Change, from index: Int) {
    if !isQuiet, random.chance(profile.loss) { return count("change lost") }
    var change = change
    // The defect: it does not look at the numbers.
    if mutant == .changesNotNumbered, subscriber.tracker.coordinator == change.coordinator {
      change.sequence = subscriber.tracker.sequence + 1
    }
    put(.change(change, from: coordinators[index].run), in: random.time(1...20))
  }

  func take(_ change: Change) {
    if let update = subscriber.tracker.take(change) { subscriber.show([update]) }
  }

  /// Asks for a snapshot when it is needed, and now and then to be sure.
  func look(everySoOften: Bool) {
    if everySoOften { put(.subscriberLooks, in: 2_000) }
    let isDue = mutant != .changesNotNumbered && now - subscriber.asked >= 30_000
    guard subscriber.tracker.needsSnapshot || isDue else { return }
    subscriber.asked = now
    for index in coordinators.indices where coordinators[index].isUp && !coordinators[index].isFrozen {
      guard coordinators[index].core.epoch != nil else { continue }
      subscriber.lastRequest += 1
      let outputs = coordinators[index].core.receive(
        .message(.snapshot(request: subscriber.lastRequest), from: Self.subscriberPeer), at: time(index))
      for case .send(.snapshot(_, let snapshot), _) in outputs {
        put(.snapshot(snapshot, from: coordinators[index].run), in: random.time(1...20))
      }
    }
  }

  /// What it shows at the end is what the leader knows.
  func checkSubscriber(_ leader: Int) {
    audit.checked()
    for (id, incident) in coordinators[leader].core.views.sorted(by: { $0.key < $1.key })
    where now - incident.updatedAt.milliseconds + Self.epoch.milliseconds > 120_000 {
      guard let shown = subscriber.shown[id] else {
        return fail("subscribers miss nothing", "\(id) is not shown")
      }
      if shown.status != incident.status || shown.severity != incident.severity {
        return fail(
          "subscribers miss nothing",
          "\(id) is \(incident.status.rawValue), shown as \(shown.status.rawValue)")
      }
    }
  }
}
