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
  /// Connections of one address at a time, and no more than half of what the others leave (but eight); another one is
  /// answered with 429 and closed.
  package var connectionsPerClient = 128
  /// Streams of changes at a time; more are answered with 503.
  package var streams = 64
  /// Streams of one token, or of one address where there are no tokens; more are answered with 429.
  package var streamsPerClient = 32
  /// Requests a second of one token in the long run; more are answered with 429. Without tokens only of other
  /// machines' addresses: this machine's programs share one.
  package var requestRate = 200.0
  /// Requests of one token at once.
  package var requestBurst = 1000.0
  /// Requests a second of one address without a good token; more are answered with 429 in place of 401.
  package var failureRate = 1.0
  /// Requests of one address without a good token at once.
  package var failureBurst = 60.0
  /// Attempts a second to log in from one address; more are answered with 429.
  package var loginRate = 0.2
  /// Attempts of one address to log in at once.
  package var loginBurst = 10.0
  /// Clients whose requests are counted apart; see the rate limiter for those that come then.
  package var clients = 4096
  /// Browsers that are logged in at a time; the oldest one is asked again when there are more.
  package var sessions = 1024
  /// A browser is asked for its token again after so long.
  package var sessionTime = Duration.seconds(12 * 3600)
  /// A connection on which no whole part of a request came for so long is closed.
  package var idle = Duration.seconds(60)
  /// A new connection whose first request's head, TLS included, is not there after so long is closed.
  package var headTime = Duration.seconds(15)
  /// A body that is not there after so long is answered with 408.
  package var bodyTime = Duration.seconds(15)
  /// What a standby passes on must be answered by the leader within so long, else with 504.
  package var forwardTime = Duration.seconds(5)
  /// A comment is written into a stream every so often, so that either side notices when the other is gone.
  package var keepAlive = Duration.seconds(15)
  /// An answer or a stream whose reader takes too little for so long is cut.
  package var streamStall = Duration.seconds(30)
  /// Files of tokens and certificates are looked at every so often; streams whose token is gone end then too.
  package var reload = Duration.seconds(1)

  /// At a shutdown, connections that are still there after so long are cut.
  package var shutdown = Duration.seconds(1)

  /// The defaults.
  package init() {}
}
