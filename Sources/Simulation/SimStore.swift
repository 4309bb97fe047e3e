import Coordination
import IncidentEngine
import IncidentModel

/// What a coordinator asks of the store.
struct StoreRequest {
  enum What {
    case campaign(LeaderInfo)
    case confirm(epoch: UInt64)
    case append([EngineEvent], epoch: UInt64)
    case read(after: UInt64)
  }
  var what: What
  var from: Run
  var asked: Int64
  /// The batch that an append is of.
  var batch: Int
  /// When it was decided.
  var decided: Int64

  /// The leadership that it was asked under.
  var epoch: UInt64? {
    switch what {
    case .confirm(let epoch), .append(_, let epoch): epoch
    case .campaign, .read: nil
    }
  }
}

/// What the store answers.
struct StoreAnswer {
  enum What {
    case campaign(Campaign)
    case confirmed
    case appended
    case events([EngineEvent])
    case fenced
    /// No answer came, or it was lost: what was asked may have happened.
    case unreachable
    /// The store says that the events don't follow what it has: nothing was written.
    case outOfOrder
  }
  var what: What
  var request: StoreRequest
}

/// The store that all coordinators share: PostgreSQL as the journal uses it, in memory. One leader's session
/// at a time, a lease that the server ends, an epoch that every append is checked against.
struct SimStore {
  /// A session that is silent for so long loses its right.
  static let lease: Int64 = 3_000

  private(set) var events: [EngineEvent] = []
  private(set) var epochs: [UInt64] = []
  private(set) var epoch: UInt64 = 0
  private(set) var leader: LeaderInfo?
  private var holder: Run?
  private var heardAt: Int64 = 0
  var isUp = true
  let mutant: Mutant?

  init(mutant: Mutant?) { self.mutant = mutant }

  /// The session of a process that died ends with it.
  mutating func ended(_ run: Run) { if holder == run { holder = nil } }

  /// All sessions ended.
  mutating func forgetHolder() { holder = nil }

  /// Does what is asked, at the store.
  /// - Parameter torn: whether the power goes in the middle of it.
  mutating func run(_ request: StoreRequest, at now: Int64, torn: Bool) -> StoreAnswer.What {
    if let holder, holder != request.from, now - heardAt > Self.lease { self.holder = nil }
    switch request.what {
    case .campaign(let candidate):
      if let holder, holder != request.from { return .campaign(.following(leader)) }
      holder = request.from
      heardAt = now
      epoch += 1
      var info = candidate
      info.epoch = epoch
      leader = info
      return .campaign(.leading(epoch: epoch))
    case .confirm(let asked):
      guard asked == epoch, holder == nil || holder == request.from else { return .fenced }
      holder = request.from
      heardAt = now
      return .confirmed
    case .append(let new, let under): return append(new, under, request.from, now, torn)
    case .read(let sequence):
      let from = min(Int(sequence), events.count)
      return .events(Array(events[from...]))
    }
  }

  private mutating func append(
    _ new: [EngineEvent], _ under: UInt64, _ from: Run, _ now: Int64, _ torn: Bool
  ) -> StoreAnswer.What {
    if mutant != .fencingOff {
      guard under == epoch, holder == nil || holder == from else { return .fenced }
      holder = from
      heardAt = now
    }
    guard let first = new.first else { return .appended }
    let place = Int(first.sequence) - 1
    // The very same records, written before though the answer was lost.
    if place + new.count == events.count, events[place] == first, epochs[place] == under { return .appended }
    if mutant == .fencingOff, place < events.count {
      // Without fences the deposed one's rows take the place of others, or come between them.
      for (offset, event) in new.enumerated() where place + offset >= events.count {
        events.append(event)
        epochs.append(under)
      }
      return .appended
    }
    guard place == events.count else { return .outOfOrder }
    let kept = torn && mutant == .tornWrite && new.count > 1 ? new.count / 2 : new.count
    events += new.prefix(kept)
    epochs += Array(repeating: under, count: kept)
    return .appended
  }
}
