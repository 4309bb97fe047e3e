import IncidentModel
import Threads

/// What was done when, and what was seen meanwhile.
final class Diary: Sendable {
  /// A blow that was dealt.
  struct Dealt: Sendable {
    var blow: Blow
    var from: Timestamp
    /// When what it hit was back.
    var until: Timestamp
    /// The epoch that was led under when it began.
    var epoch: UInt64
  }

  /// A coordinator that was seen to lead under a new epoch.
  struct Lead: Sendable {
    var at: Timestamp
    var epoch: UInt64
  }

  struct Pages: Sendable {
    var dealt: [Dealt] = []
    var skipped: [String: Int] = [:]
    var faults: [Fault: Int] = [:]
    var leads: [Lead] = []
    /// Processes that ended by themselves, applications that were harmed, and the like.
    var accidents: [String] = []
  }

  private let state = Locked(Pages())

  var pages: Pages { state.withLock { $0 } }

  func dealt(_ blow: Blow, from: Timestamp, epoch: UInt64) {
    state.withLock { $0.dealt.append(Dealt(blow: blow, from: from, until: .now, epoch: epoch)) }
  }
  func skipped(_ blow: Blow, _ why: String) {
    state.withLock { $0.skipped["\(blow.name): \(why)", default: 0] += 1 }
  }
  func began(_ fault: Fault) { state.withLock { $0.faults[fault, default: 0] += 1 } }
  func accident(_ text: String) { state.withLock { $0.accidents.append("\(Timestamp.now.rfc3339) \(text)") } }
  func leads(under epoch: UInt64) {
    state.withLock { pages in
      guard epoch > pages.leads.last?.epoch ?? 0 else { return }
      pages.leads.append(Lead(at: .now, epoch: epoch))
    }
  }

  /// What keeps the coordinators from telling people at their time.
  var troubles: [Trouble] {
    pages.dealt.compactMap { dealt in
      switch dealt.blow {
      case .kill(.leader), .freeze(.leader), .restart(.leader), .kill(.standby), .freeze(.standby),
        .restart(.standby), .storeCrash, .storeKill, .storeRestart, .storeFreeze:
        Trouble(from: dealt.from, until: dealt.until, what: dealt.blow.name)
      default: nil
      }
    }
  }

  /// When the receiver was away.
  var absences: [Trouble] {
    pages.dealt.compactMap {
      $0.blow == .receiverAway ? Trouble(from: $0.from, until: $0.until, what: $0.blow.name) : nil
    }
  }

  /// Seconds from a blow to the leader until another one led, where nothing else was wrong meanwhile.
  var takeOvers: [Double] {
    let pages = pages
    let troubles = troubles
    return pages.dealt.compactMap { dealt in
      switch dealt.blow {
      case .kill(.leader), .freeze(.leader), .restart(.leader): break
      default: return nil
      }
      guard let next = pages.leads.first(where: { $0.at >= dealt.from && $0.epoch > dealt.epoch }) else {
        return nil
      }
      // A short freeze changes nothing.
      if case .freeze = dealt.blow, next.at > dealt.until { return nil }
      let others = troubles.filter {
        $0.from != dealt.from && $0.from <= next.at && $0.until + .seconds(2) >= dealt.from
      }
      return others.isEmpty ? (next.at - dealt.from).inSeconds : nil
    }
  }
}
