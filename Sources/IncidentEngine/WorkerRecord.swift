import IncidentModel

/// How a worker did with the jobs that it had: what decides, beside its free slots, how many it gets.
///
/// Kept while the worker is connected and not in the journal: a new leader knows no worker to be slow, and learns it
/// from the next jobs.
package struct WorkerRecord: Sendable, Equatable {
  /// How long its jobs took, as a moving average in seconds; `nil` before the first that ended.
  package private(set) var pace: Double?
  /// Leases that it let lapse since a job of its own last ended.
  package private(set) var lapses = 0

  /// A job ended after so long.
  mutating func ended(after time: Duration) {
    let seconds = max(time.inSeconds, 0)
    pace = pace.map { $0 + (seconds - $0) * Self.weight } ?? seconds
    lapses = 0
  }

  /// A lease ran out: it is dead, hangs or is cut off.
  mutating func lapsed() { lapses = min(lapses + 1, 16) }

  /// How much the latest job counts.
  private static let weight = 0.3
}

/// How much each worker of one kind may have at once.
///
/// A worker that is much slower than its peers gets as much less as it is slower, so that jobs don't wait behind it
/// while others have nothing to do; one that let a lease lapse gets one job to show that it is there. Whoever is
/// alone, or among others as slow, is not slow.
struct WorkerPaces {
  /// So many times as slow as the usual worker is not slow yet: jobs differ.
  static let tolerance = 2.0
  /// A pace below this many seconds is never slow, whatever the others do.
  static let floor = 0.25

  private let usual: Double?

  /// The paces of the workers that could have a job.
  init(_ workers: [Worker]) {
    let paces = workers.compactMap(\.record.pace).sorted()
    // The lower of the middle: of two, the faster one says what is usual.
    usual = paces.isEmpty ? nil : paces[(paces.count - 1) / 2]
  }

  /// How many times slower than usual a worker is, 1…16.
  func slowness(_ worker: Worker) -> Double {
    guard let usual, let pace = worker.record.pace else { return 1 }
    let ratio = max(pace, Self.floor) / max(usual, Self.floor)
    return ratio > Self.tolerance ? min(ratio, 16) : 1
  }

  /// How many jobs a worker may have at once.
  func limit(_ worker: Worker) -> Int {
    guard worker.capacity > 0 else { return 0 }
    if worker.record.lapses > 0 { return 1 }
    return max(Int(Double(worker.capacity) / slowness(worker)), 1)
  }

  /// How long one more job would wait there, so to speak: the least is the best.
  func burden(_ worker: Worker) -> Double {
    Double(worker.tokens.count + 1) * slowness(worker) * Double(1 << min(worker.record.lapses, 4))
  }
}
