/// The intervals of a link that the coordinator does not set.
package struct LinkTiming: Hashable, Sendable {
  /// A coordinator that asks for a longer pause between batches gets this one.
  package static let longestPause = Duration.seconds(30)

  /// Between two hellos while nobody answers.
  package var hello: Duration
  /// After which a batch or a request without an answer is sent again.
  package var retry: Duration
  /// Heartbeats without any word of the coordinator, ``doubt`` on top, after which it is given up and looked for.
  package var silentHeartbeats: Int
  /// How much later than a heartbeat's interval the coordinator may answer before the others are asked too.
  package var doubt: Duration
  /// How long a detector that nobody ever told what is whose waits for a coordinator before it watches everything.
  package var alone: Duration
  /// How long workers may take to stop before the goodbye is said without them.
  package var workerGrace: Duration
  /// How long the goodbye may take to leave.
  package var flush: Duration

  /// The intervals; see the fields.
  package init(
    hello: Duration = .seconds(1), retry: Duration = .seconds(1), silentHeartbeats: Int = 2,
    doubt: Duration = .milliseconds(500), alone: Duration = .seconds(2),
    workerGrace: Duration = .milliseconds(500),
    flush: Duration = .milliseconds(300)
  ) {
    self.hello = hello
    self.retry = retry
    self.silentHeartbeats = silentHeartbeats
    self.doubt = doubt
    self.alone = alone
    self.workerGrace = workerGrace
    self.flush = flush
  }
}
