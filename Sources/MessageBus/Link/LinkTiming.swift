/// The intervals of a link that the coordinator does not set.
package struct LinkTiming: Hashable, Sendable {
  /// Between two hellos while nobody answers.
  package var hello: Duration
  /// After which a batch or a request without an answer is sent again.
  package var retry: Duration
  /// Heartbeats without any word of the coordinator after which the link says hello again.
  package var silentHeartbeats: Int
  /// How long workers may take to stop before the goodbye is said without them.
  package var workerGrace: Duration
  /// How long the goodbye may take to leave.
  package var flush: Duration

  /// The intervals; see the fields.
  package init(
    hello: Duration = .seconds(1), retry: Duration = .seconds(1), silentHeartbeats: Int = 3,
    workerGrace: Duration = .milliseconds(500), flush: Duration = .milliseconds(300)
  ) {
    self.hello = hello
    self.retry = retry
    self.silentHeartbeats = silentHeartbeats
    self.workerGrace = workerGrace
    self.flush = flush
  }
}
