import HeapModule

/// What happens next, in virtual milliseconds; events of one moment happen in the order they were put in.
struct Schedule {
  private struct Entry: Comparable {
    var at: Int64
    var number: UInt64
    var event: SimEvent
    static func < (a: Entry, b: Entry) -> Bool { (a.at, a.number) < (b.at, b.number) }
    static func == (a: Entry, b: Entry) -> Bool { (a.at, a.number) == (b.at, b.number) }
  }

  private var heap = Heap<Entry>()
  private var last: UInt64 = 0

  mutating func put(_ event: SimEvent, at time: Int64) {
    last += 1
    heap.insert(Entry(at: time, number: last, event: event))
  }

  mutating func next() -> (at: Int64, event: SimEvent)? {
    heap.popMin().map { ($0.at, $0.event) }
  }
}
