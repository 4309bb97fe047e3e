import HeapModule

/// What happens next, in virtual milliseconds; events of one moment happen in the order they were put in.
///
/// The heap moves short entries about; the events, which are large, stay where they were put.
struct Schedule {
  private struct Entry: Comparable {
    var at: Int64
    var number: UInt64
    var place: Int
    static func < (a: Entry, b: Entry) -> Bool { a.at != b.at ? a.at < b.at : a.number < b.number }
    static func == (a: Entry, b: Entry) -> Bool { a.at == b.at && a.number == b.number }
  }

  private var heap = Heap<Entry>()
  private var events: [SimEvent?] = []
  private var free: [Int] = []
  private var last: UInt64 = 0

  mutating func put(_ event: SimEvent, at time: Int64) {
    last += 1
    let place: Int
    if let reused = free.popLast() {
      place = reused
      events[place] = event
    } else {
      place = events.count
      events.append(event)
    }
    heap.insert(Entry(at: time, number: last, place: place))
  }

  mutating func next() -> (at: Int64, event: SimEvent)? {
    guard let entry = heap.popMin() else { return nil }
    var event: SimEvent?
    swap(&event, &events[entry.place])
    free.append(entry.place)
    return event.map { (entry.at, $0) }
  }
}
