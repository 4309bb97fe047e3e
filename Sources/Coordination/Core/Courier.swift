import HeapModule
package import IncidentEngine
package import IncidentModel
package import Notification
import OrderedCollections

/// Brings announcements to their sinks, with patience, and says what became of them: who is told what
/// next, as a value without clock or I/O.
///
/// Every sink has a queue of its own, so that one that is away holds up nobody else. A sink is tried
/// until it took the announcement, refused it for good, or ``attempts`` were in vain.
package struct Courier: Sendable {
  /// Tries for one sink.
  package static let attempts = 10
  /// Deliveries under way to one sink at once; more wait.
  package static let parallel = 16

  /// What is settled.
  package enum Fate: Sendable, Equatable {
    /// This sink took it; others are still being tried.
    case told(key: String, sink: String)
    /// Every sink took it or will not; the text is for people.
    case settled(key: String, outcome: String)
  }

  private struct Errand: Sendable {
    var announcement: Announcement
    var open: Set<String>
    var failures: [String] = []
    /// Whether any sink took it.
    var wasTold: Bool
  }

  /// What became of an announcement at one sink.
  private enum Ending {
    case took
    /// Nobody needed to hear it any more before it was tried.
    case unneeded
    case failed(String)
  }

  private struct Lane: Sendable {
    var ready: OrderedSet<String> = []
    var underway: Set<String> = []
    var attempts: [String: Int] = [:]
  }

  private struct Retry: Comparable, Sendable {
    var at: Timestamp
    var key: String
    var sink: String
    static func < (a: Retry, b: Retry) -> Bool { (a.at, a.key, a.sink) < (b.at, b.key, b.sink) }
  }

  private let sinks: [String]
  private let firstPause: Duration
  private var errands: [String: Errand] = [:]
  private var lanes: OrderedDictionary<String, Lane> = [:]
  private var retries = Heap<Retry>()

  /// A courier.
  /// - Parameters:
  ///   - sinks: every sink there is.
  ///   - firstPause: the pause after the first failed try; it doubles up to two minutes.
  package init(sinks: [String], firstPause: Duration = .seconds(1)) {
    self.sinks = sinks
    self.firstPause = firstPause
  }

  /// Announcements not settled yet.
  package var count: Int { errands.count }

  /// The sinks of an announcement; an audience without any is told through the log.
  package func sinks(for announcement: Announcement) -> [String] {
    let chosen = announcement.sinks.isEmpty ? sinks : sinks.filter { announcement.sinks.contains($0) }
    return chosen.isEmpty ? ["log"] : chosen
  }

  /// Takes an announcement on; one that it has already stays as it is.
  /// - Parameter told: sinks that took it before a restart.
  package mutating func take(_ announcement: Announcement, told: Set<String>) -> Fate? {
    let key = announcement.key
    guard errands[key] == nil else { return nil }
    let open = sinks(for: announcement).filter { !told.contains($0) }
    guard !open.isEmpty else { return .settled(key: key, outcome: "delivered") }
    errands[key] = Errand(announcement: announcement, open: Set(open), wasTold: !told.isEmpty)
    for sink in open { lanes[sink, default: Lane()].ready.append(key) }
    return nil
  }

  /// What is to be delivered now.
  /// - Parameter isWanted: whether it still needs to be told; asked before every try, so that nobody is
  ///   woken for what is over.
  package mutating func due(
    at now: Timestamp, isWanted: (Announcement) -> Bool
  ) -> (deliveries: [(Announcement, sink: String)], fates: [Fate]) {
    while let retry = retries.min, retry.at <= now {
      retries.removeMin()
      if errands[retry.key]?.open.contains(retry.sink) == true { lanes[retry.sink]?.ready.append(retry.key) }
    }
    var deliveries: [(Announcement, sink: String)] = []
    var fates: [Fate] = []
    for sink in lanes.keys {
      guard var lane = lanes[sink] else { continue }
      while lane.underway.count < Self.parallel, !lane.ready.isEmpty {
        let key = lane.ready.removeFirst()
        guard let errand = errands[key] else { continue }
        if isWanted(errand.announcement) {
          lane.underway.insert(key)
          lane.attempts[key, default: 0] += 1
          deliveries.append((errand.announcement, sink))
        } else {
          let tried = lane.attempts.removeValue(forKey: key) ?? 0
          fates += end(
            key, sink,
            tried == 0 ? .unneeded : .failed("\(sink) was away until it was not needed any more"))
        }
      }
      lanes[sink] = lane
    }
    return (deliveries, fates)
  }

  /// Takes what became of one delivery.
  package mutating func delivered(_ key: String, _ sink: String, _ result: DeliveryResult, at now: Timestamp)
    -> [Fate]
  {
    guard lanes[sink]?.underway.remove(key) != nil else { return [] }
    let tried = lanes[sink]?.attempts[key] ?? 1
    if case .failed(_, true) = result, tried < Self.attempts {
      let pause = min(firstPause * Int(1 << min(tried - 1, 20)), .seconds(120))
      retries.insert(Retry(at: now + pause, key: key, sink: sink))
      return []
    }
    lanes[sink]?.attempts[key] = nil
    if case .failed(let reason, _) = result { return end(key, sink, .failed(reason)) }
    return end(key, sink, .took)
  }

  private mutating func end(_ key: String, _ sink: String, _ ending: Ending) -> [Fate] {
    guard var errand = errands[key], errand.open.remove(sink) != nil else { return [] }
    var fates: [Fate] = []
    switch ending {
    case .took:
      errand.wasTold = true
      fates.append(.told(key: key, sink: sink))
    case .unneeded: break
    case .failed(let reason): errand.failures.append(reason)
    }
    guard errand.open.isEmpty else {
      errands[key] = errand
      return fates
    }
    errands[key] = nil
    let audience = errand.announcement.audience
    let outcome =
      errand.failures.isEmpty
      ? errand.wasTold ? "delivered" : "\(audience) need not be told any more"
      : "\(audience) not reached: \(errand.failures.sorted().joined(separator: "; "))"
    return [.settled(key: key, outcome: outcome)]
  }
}
