import IncidentModel
import Logging

extension AgentLink {
  /// Messages handled before others get the thread.
  private static let turn = 256

  /// Serves the link until the task is cancelled; then cancels the workers, says goodbye and closes.
  ///
  /// Workers that heed cancellation are waited for (``LinkTiming/workerGrace``), so that their last
  /// words still go out; the goodbye takes at most ``LinkTiming/flush``. A link runs once.
  package func run() async {
    guard !hasRun else { return logger.error("a bus link can be run only once") }
    hasRun = true
    // On the loop from end to end: heartbeats go out on time however busy the process is.
    await withTaskExecutorPreference(loop) { await serve() }
  }

  private func serve() async {
    await withDiscardingTaskGroup { group in
      while !Task.isCancelled {
        connect()
        receiveSome()
        handle(.tick)
        for (job, lost) in takeAccepted() {
          // Off the loop: what a worker computes must not delay heartbeats.
          group.addTask(executorPreference: globalConcurrentExecutor) { await self.work(job, lost: lost) }
        }
        // What begins while the loop sleeps is looked at after one retry at the latest.
        let latest = ContinuousClock.now + timing.retry
        let deadline = core.nextDeadline.map { min(began + $0, latest) } ?? latest
        _ = await loop.wait(readable: readable, until: deadline)
      }
      isStopping = true
      failWaiters()
      handle(.stop)
      for (job, _) in takeAccepted() { handle(.ended(token: job.lease.token, nil)) }
      await letWorkersEnd()
      close()
    }
  }

  private var readable: [ZMQSocket] { sockets.compactMap { $0 } + watches.compactMap { $0?.socket } }

  private func takeAccepted() -> [(job: Job, lost: AsyncStream<Never>)] {
    defer { accepted = [] }
    return accepted
  }

  /// Waits for the workers, which were cancelled with this task.
  private func letWorkersEnd() async {
    while !hasStopped {
      receiveSome()
      handle(.tick)
      if hasStopped { return }
      _ = await loop.wait(
        readable: sockets.compactMap { $0 }, until: ContinuousClock.now + .milliseconds(10),
        cancellable: false)
    }
  }

  private func close() {
    for waiting in answers.values { waiting.resume(returning: .shuttingDown) }
    answers = [:]
    shardInput.finish()
    for index in sockets.indices {
      sockets[index]?.close(linger: timing.flush)
      watches[index]?.socket.close()
      sockets[index] = nil
      watches[index] = nil
    }
    loop.terminate()
  }

  // MARK: - Sockets

  /// Makes the sockets that are not there yet.
  private func connect() {
    let instant = ContinuousClock.now
    guard sockets.contains(where: { $0 == nil }), instant >= connectAgain else { return }
    connectAgain = instant + timing.hello
    for (index, endpoint) in core.endpoints.enumerated() where sockets[index] == nil {
      var new: ZMQSocket?
      var watch: HandshakeWatch?
      do throws(BusError) {
        let dealer = try ZMQSocket(
          .dealer(id: PeerID(instance: core.info.instance, secret: secret)), on: loop,
          maxFrame: 2 * WireCodec.maxCoordinatorFrame, received: 100, security: security)
        new = dealer
        lastWatch += 1
        watch = try HandshakeWatch(dealer, name: "link-\(lastWatch)", on: loop)
        try dealer.connect(endpoint)
        sockets[index] = dealer
        watches[index] = watch
      } catch {
        new?.close()
        watch?.socket.close()
        logger.error("\(error)")
      }
    }
  }

  private func receiveSome() {
    for place in sockets.indices {
      while let failure = watches[place]?.next() { handshakeFailed(failure, at: place) }
      for _ in 0..<Self.turn {
        guard let received = sockets[place]?.receive() else { break }
        do throws(WireError) {
          guard received.count == 1 else { throw .frames(received.count) }
          handle(.received(try WireCodec.decodeCoordinatorMessage(received.frames[0]), from: place))
        } catch {
          malformedFrames += 1
          if isRound(malformedFrames) {
            logger.warning(
              "a frame from the coordinator was not understood", metadata: ["reason": "\(error)"])
          }
        }
      }
    }
  }

  private func handshakeFailed(_ failure: HandshakeWatch.Failure, at place: Int) {
    failedHandshakes += 1
    log(failure, endpoint: core.endpoints[place])
    // Of the rest libzmq makes an end; the key may be allowed in a moment, though.
    guard !failure.isPassing else { return }
    sockets[place]?.close()
    watches[place]?.socket.close()
    sockets[place] = nil
    watches[place] = nil
    connectAgain = max(connectAgain, ContinuousClock.now + timing.hello)
  }

  private func send(_ message: AgentMessage, to place: Int) {
    guard let socket = sockets[place] else { return }
    var message = message
    if case .heartbeat(var beat) = message {
      let busy = load()
      beat.load = busy.isFinite ? max(busy, 0) : 0
      if let status = storage?.status {
        beat.spool?.bytes = status.bytes
        beat.spool?.unkept = status.unkept
      }
      message = .heartbeat(beat)
    }
    do { _ = socket.send([try WireCodec.encode(message)]) } catch {
      logger.error(
        "a message breaks the rules of the bus and was not sent",
        metadata: ["message": "\(message.name)", "reason": "\(error)"])
    }
  }

  // MARK: - The core

  /// Tells the core what happened, and does what it wants.
  func handle(_ input: LinkInput) {
    let outputs = core.handle(input, at: now)
    // Before anything leaves: what was sent and then forgotten would be lost with its message.
    if let storage { storage.apply(core.takeSpoolChanges()) }
    for output in outputs {
      switch output {
      case .send(let message, let place): send(message, to: place)
      case .start(let job):
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        guards[job.lease.token] = continuation
        accepted.append((job, stream))
      case .cancel(let token, _): guards.removeValue(forKey: token)?.finish()
      case .answer(let id, let error):
        if let waiting = answers.removeValue(forKey: id) {
          waiting.resume(returning: error)
        } else {
          early[id] = .some(error)
        }
      case .watch(let grant): shardInput.yield(.watch(grant))
      case .unwatch(let shard): shardInput.yield(.unwatch(shard))
      case .welcomed: resumeWaiters()
      case .stopped: hasStopped = true
      case .note(let note): log(note)
      }
    }
  }
}
