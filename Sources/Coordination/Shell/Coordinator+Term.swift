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
      if isSteppingDown { continue }
      let led = core.epoch
      do {
        if let epoch = led {
          let asked = now
          try await store.confirm(epoch: epoch)
          if core.epoch == epoch { await perform(core.confirmed(asked: asked, at: now)) }
        } else {
          try await campaign()
        }
        relieved(\.term)
        // A standby doesn't write; what kept it from writing while it led is over.
        if core.epoch == nil { relieved(\.writing) }
      } catch let error as StoreError {
        if case .fenced = error, let led {
          // Perhaps the other loop that learns of it was first.
          try await stepDown(led, because: error)
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
    let asked = ContinuousClock.now
    switch try await store.campaign(me) {
    case .following(let found):
      // Whoever has just won has not said yet who it is.
      let leader = found.flatMap { $0.instance.isEmpty ? nil : $0 }
      if core.role != .following(leader) {
        logger.info(
          "standing by", metadata: ["leader": "\(leader?.instance ?? "none yet")"])
      }
      core.follow(leader)
      try await readOn()
    case .leading(let epoch):
      try await readOn()
      writtenTip = try await store.tip()
      let last = core.engine.latest
      clock.withLock { $0 = CoordinatorClock(wall: wall.now, floor: last) }
      core.lead(epoch: epoch, asked: now + (asked - ContinuousClock.now), at: now)
      relieved(\.writing)
      metrics.led()
      logger.notice(
        "leading", metadata: ["epoch": "\(epoch)", "events": "\(core.engine.state.sequence)"])
      workWaits.yield()
      tellTip(.leads)
    }
  }

  private func readOn() async throws {
    do {
      try await read(from: core.engine.state.sequence)
    } catch StoreError.archived(_) {
      // It slept for so long that the ends of incidents which it takes for open are in the archive.
      logger.notice("the journal went on into its archive; reading it anew")
      let role = core.role
      core = Self.makeCore(settings, me)
      if case .following(let leader) = role { core.follow(leader) }
      try await read(from: 0)
    }
    journalReadAt = .now
  }

  private func read(from start: UInt64) async throws {
    let decoder = JSONCoding.decoder()
    var known = start
    try await store.replay(from: Int64(start) + 1) { records in
      let events = try records.map { try $0.event(decoder: decoder) }
      guard core.engine.state.sequence == known else {
        throw StoreError.outOfOrder(expected: Int64(core.engine.state.sequence) + 1, got: Int64(known) + 1)
      }
      for case .changed(let changes) in core.follow(events) { show(changes) }
      known = core.engine.state.sequence
    }
  }

  /// Forgets what never became durable, and follows whoever leads now.
  func stepDown(_ epoch: UInt64, because error: StoreError) async throws {
    // Two loops may learn of it; one of them does it, and the core is only replaced when nobody reads into it.
    guard core.epoch == epoch, !isSteppingDown else { return }
    isSteppingDown = true
    defer { isSteppingDown = false }
    logger.warning("another coordinator leads; stepping down", metadata: ["reason": "\(error)"])
    metrics.steppedDown()
    tellTip(.ceases, epoch: epoch)
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
