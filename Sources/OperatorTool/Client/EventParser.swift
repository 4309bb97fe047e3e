/// One server-sent event.
package struct ServerEvent: Hashable, Sendable {
  /// `message` where the server names none.
  package var name: String
  package var data: String

  /// An event; see the fields.
  package init(name: String, data: String) {
    self.name = name
    self.data = data
  }
}

/// Reads server-sent events from bytes that come in any pieces
/// (WHATWG HTML standard, section 9.2.6 "Interpreting an event stream").
package struct EventParser: Sendable {
  /// An event that is longer is left out.
  package static let maxEventBytes = 4 << 20

  /// The id to go on from.
  package private(set) var lastEventID: String?
  /// What the server asks to wait before coming back.
  package private(set) var retryMilliseconds: Int?
  private var line: [UInt8] = []
  private var name = ""
  private var data: [String] = []
  private var dataBytes = 0
  private var isTooLong = false
  private var pendingID: String?
  private var endsWithReturn = false

  /// A parser before the first byte.
  package init() {}

  /// Takes bytes and answers the events that are complete with them.
  package mutating func take(_ bytes: [UInt8]) -> [ServerEvent] {
    var events: [ServerEvent] = []
    for byte in bytes {
      // CR, LF and CR LF each end a line.
      if byte == UInt8(ascii: "\n") && endsWithReturn {
        endsWithReturn = false
        continue
      }
      endsWithReturn = byte == UInt8(ascii: "\r")
      if byte == UInt8(ascii: "\n") || endsWithReturn {
        if let event = endLine() { events.append(event) }
      } else if line.count < Self.maxEventBytes {
        line.append(byte)
      } else {
        isTooLong = true
      }
    }
    return events
  }

  /// Forgets an event whose end never came.
  package mutating func restart() {
    line = []
    endsWithReturn = false
    clear()
  }

  private mutating func clear() {
    name = ""
    data = []
    dataBytes = 0
    isTooLong = false
    pendingID = nil
  }

  private mutating func endLine() -> ServerEvent? {
    let text = String(decoding: line, as: UTF8.self)
    line.removeAll(keepingCapacity: line.capacity < 64 << 10)
    guard !text.isEmpty else {
      defer { clear() }
      // Only a whole event moves the place to go on from.
      if let pendingID { lastEventID = pendingID }
      if data.isEmpty || isTooLong { return nil }
      return ServerEvent(name: name.isEmpty ? "message" : name, data: data.joined(separator: "\n"))
    }
    // By their bytes: to compare characters is slow where one is made of a million marks.
    guard text.utf8.first != UInt8(ascii: ":") else { return nil }
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
    var value = parts.count > 1 ? parts[1] : ""
    if value.utf8.first == UInt8(ascii: " ") { value = Substring(value.unicodeScalars.dropFirst()) }
    switch parts[0].utf8.count <= 8 ? parts[0] : "" {
    case "event": name = String(String.UnicodeScalarView(value.unicodeScalars.prefix(64)))
    case "data":
      // A line without text takes room too.
      dataBytes += value.utf8.count + 16
      if dataBytes > Self.maxEventBytes { isTooLong = true } else { data.append(String(value)) }
    case "id": if !value.unicodeScalars.contains("\0") && value.utf8.count <= 64 { pendingID = String(value) }
    case "retry": retryMilliseconds = Int(value) ?? retryMilliseconds
    default: break
    }
    return nil
  }
}
