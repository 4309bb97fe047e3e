/// The bounds of the HTTP API; at each something defined happens, and it is tested.
package struct HTTPLimits: Sendable {
  /// Bytes of a request's body; a larger one is answered with 413.
  package var bodyBytes = 1 << 20
  /// Bytes of a refused body that are still read, so that the answer reaches its reader; then the
  /// connection is closed.
  package var drainBytes = 16 << 20
  /// Bytes of all header fields; more is answered with 400, and the connection closed.
  package var headerBytes = 16 << 10
  /// Header fields; more is answered with 400, and the connection closed.
  package var headerFields = 100
  /// Connections at a time; more wait to be accepted.
  package var connections = 256
  /// Streams of changes at a time; more are answered with 503.
  package var streams = 64
  /// A connection on which no whole part of a request came for so long is closed.
  package var idle = Duration.seconds(60)
  /// A body that is not there after so long is answered with 408.
  package var bodyTime = Duration.seconds(15)
  /// What a standby passes on must be answered by the leader within so long, else with 504.
  package var forwardTime = Duration.seconds(5)
  /// A comment is written into a stream every so often, so that either side notices when the other is gone.
  package var keepAlive = Duration.seconds(15)
  /// A stream whose reader takes nothing for so long is closed, within another ``keepAlive``.
  package var streamStall = Duration.seconds(30)

  /// At a shutdown, connections that are still there after so long are cut.
  package var shutdown = Duration.seconds(1)

  /// The defaults.
  package init() {}
}
