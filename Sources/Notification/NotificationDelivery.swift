package import Settings

/// What delivers notifications; tests put a recorder in its place.
package protocol NotificationDelivery: Sendable {
  /// Tries once to deliver, within a time limit of its own.
  ///
  /// Never throws: trouble is an answer. The caller decides whether and when to try again, with the same key.
  func deliver(_ notification: Notification, to sink: SinkSettings) async -> DeliveryResult
}
