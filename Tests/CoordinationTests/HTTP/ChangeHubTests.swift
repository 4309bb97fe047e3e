import Coordination
import IncidentModel
import Testing

@Suite("The hub of changes") struct ChangeHubTests {
  private func sequences(_ feed: ChangeFeed) async -> [String] {
    feed.cancel()
    var seen: [String] = []
    for await event in feed.events {
      switch event {
      case .change(let sequence, _): seen.append("\(sequence)")
      case .reset(let sequence): seen.append("reset \(sequence)")
      case .keepAlive: seen.append("keep-alive")
      }
    }
    return seen
  }

  @Test("every subscriber gets what it missed, then what comes, and nothing twice")
  func missed() async {
    let hub = ChangeHub(latest: 10, capacity: 4)
    for sequence in [11, 13, 17, 19] as [UInt64] { hub.publish(.sample(1), sequence: sequence) }
    let expected: [(UInt64?, [String])] = [
      (nil, ["23"]), (10, ["11", "13", "17", "19", "23"]), (11, ["13", "17", "19", "23"]),
      (12, ["13", "17", "19", "23"]), (19, ["23"]), (9, ["reset 19", "23"]), (20, ["reset 19", "23"]),
    ]
    let feeds = expected.map { hub.subscribe(after: $0.0) }
    hub.publish(.sample(1), sequence: 23)
    hub.publish(.sample(1), sequence: 23)
    hub.publish(.sample(1), sequence: 5)
    for (feed, (after, events)) in zip(feeds, expected) {
      #expect(await sequences(feed) == events, "after \(after.map(String.init) ?? "now")")
    }
    #expect(hub.subscriberCount == 0)
    // The oldest of the ring is gone now.
    #expect(await sequences(hub.subscribe(after: 10)) == ["reset 23"])
    #expect(await sequences(hub.subscribe(after: 11)) == ["13", "17", "19", "23"])
  }

  @Test("a subscriber that takes nothing is cut off at its bound, after which it has what fitted")
  func slow() async {
    let hub = ChangeHub(latest: 0, buffer: 3)
    let feed = hub.subscribe()
    for sequence in 1...10 as ClosedRange<UInt64> { hub.publish(.sample(1), sequence: sequence) }
    #expect(hub.cutCount == 1)
    #expect(hub.subscriberCount == 0)
    #expect(await sequences(feed) == ["1", "2", "3"])
  }

  @Test("a keep-alive is dropped rather than cutting anybody off")
  func keepAlive() async {
    let hub = ChangeHub(latest: 0, buffer: 2)
    let feed = hub.subscribe()
    for _ in 0..<5 { feed.keepAlive() }
    #expect(hub.subscriberCount == 1)
    #expect(await sequences(feed) == ["keep-alive", "keep-alive"])
  }

  @Test("at the end every feed ends, also those that come later")
  func finish() async {
    let hub = ChangeHub(latest: 0)
    let feed = hub.subscribe()
    hub.publish(.sample(1), sequence: 1)
    hub.finish()
    #expect(await sequences(feed) == ["1"])
    var late = hub.subscribe(after: 0).events.makeAsyncIterator()
    #expect(await late.next() != nil)
    #expect(await late.next() == nil)
  }
}
