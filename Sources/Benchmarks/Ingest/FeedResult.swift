/// What feeding one receiver once showed.
struct FeedResult: Sendable {
  /// Alerts that were acknowledged.
  var alerts = 0
  /// From the first message to the last acknowledgement.
  var seconds = 0.0
  /// From a message to its acknowledgement.
  var latencies = Latencies()
  /// Messages that were sent again because nobody acknowledged them.
  var resent = 0

  /// Acknowledged alerts a second.
  var rate: Double { seconds > 0 ? Double(alerts) / seconds : 0 }
}
