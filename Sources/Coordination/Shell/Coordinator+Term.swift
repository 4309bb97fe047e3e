import FoundationEssentials
import IncidentEngine
import IncidentModel
import Logging
import Threads

/// Leading, or standing by until it may.
extension Coordinator {
  /// Leads, or waits until it may.
  func holdTerm() async throws {
    while !Task.isCancelled {
      let pause = core.epoch == nil ? Self.campaignPause : Self.confirmPause
      do { try await Task.sleep(for: pause) } catch { return }
      do {
        if let epoch = core.epoch {
          let asked = now
          try await store.confirm(epoch: epoch)
          core.confirmed(asked: asked)
        } else {
          try await campaign()
        }
        relieved(\.term)
        // A standby doesn't write; what kept it from writing while it led is over.
        if core.epoch == nil { relieved(\.writing) }
      } catch let error as StoreError {
        if case .fenced = error, let epoch = core.epoch {
          try await stepDown(epoch, because: error)
        } else if error.isRetryable {
          trouble(error, \.term)
        } else if Task.isCancelled {
          return
        } else {
          throw error
        }
      }
    }
  }

  /// Tries to lead; reads on in the journal either way.
  func campaign() async throws {
    switch try await store.campaign(me) {
    case .following(let leader):
      if core.role != .following(leader) {
        logger.info(
          "standing by", metadata: ["leader": "\(leader?.instance ?? "none yet")"])
      }
      core.follow(leader)
      try await readOn()
    case .leading(let epoch):
      try await readOn()
      let last = core.engine.latest
      clock.withLock { $0 = CoordinatorClock(wall: wall.now, floor: last) }
      core.lead(epoch: epoch, at: now)
      metrics.led()
      logger.notice(
        "leading", metadata: ["epoch": "\(epoch)", "events": "\(core.engine.state.sequence)"])
      workWaits.yield()
    }
  }

  private func readOn() async throws {
    let decoder = JSONCoding.decoder()
    try await store.replay(from: Int64(core.engine.state.sequence) + 1) { records in
      let events = try records.map { try $0.event(decoder: decoder) }
      for case .changed(let changes) in core.follow(events) { show(changes) }
    }
    journalReadAt = .now
  }

  /// Forgets what never became durable, and follows whoever leads now.
  func stepDown(_ epoch: UInt64, because error: StoreError) async throws {
    guard core.epoch == epoch else { return }
    logger.warning("another coordinator leads; stepping down", metadata: ["reason": "\(error)"])
    metrics.steppedDown()
    await perform(core.abandon())
    core = Self.makeCore(settings, me)
    while !Task.isCancelled {
      do {
        return try await readOn()
      } catch let error as StoreError where error.isRetryable {
        trouble(error, \.term)
        try? await Task.sleep(for: .milliseconds(250))
      }
    }
  }
}
