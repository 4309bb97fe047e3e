package import IncidentModel

/// Where a page may lead: to places of this system only.
package enum Link: Sendable, Equatable {
  /// The first page, with the incidents that a filter chooses.
  case home(IncidentFilter = IncidentFilter())
  /// An incident's page.
  case incident(IncidentID)
  /// Where a person's word on an incident is posted.
  case verb(PersonVerb.Name, IncidentID)
  /// The page's own CSS, JS or icon.
  case asset(Asset)
  /// A place on the same page.
  case anchor(StaticString)
  /// The API's JSON of an incident.
  case json(IncidentID)
  /// The API's JSON of the state.
  case status
  /// The first page of another coordinator.
  case coordinator(Authority)

  package static func == (a: Link, b: Link) -> Bool { a.text == b.text }

  /// The URL, before it is escaped for an attribute.
  package var text: String {
    switch self {
    case .home(let filter): "/" + filter.query
    case .incident(let id): "/incidents/\(id.text)"
    case .verb(let verb, let id): "/incidents/\(id.text)/\(verb.rawValue)"
    case .asset(let asset): asset.path
    case .anchor(let name): "#\(name)"
    case .json(let id): "/aiops/incidents/\(id.text)"
    case .status: "/aiops/status"
    case .coordinator(let authority): "\(authority.isSecure ? "https" : "http")://\(authority.text)/"
    }
  }
}

/// `host:port` of another coordinator's API.
package struct Authority: Sendable, Equatable {
  package let text: String
  /// Whether it speaks TLS.
  package let isSecure: Bool

  /// Reads `host:port`; `nil` for anything that is not plainly that.
  package init?(_ text: String, isSecure: Bool = false) {
    guard let colon = text.lastIndex(of: ":"), (1...255).contains(text.utf8.count) else { return nil }
    let port = text[text.index(after: colon)...]
    guard (1...5).contains(port.utf8.count), port.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      return nil
    }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
      guard host.utf8.allSatisfy({ Self.isHexadecimal($0) || ":.".utf8.contains($0) }) else { return nil }
    } else {
      guard host.utf8.allSatisfy(Self.isWord) else { return nil }
    }
    guard !host.isEmpty else { return nil }
    self.text = text
    self.isSecure = isSecure
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
      UInt8(ascii: "A")...UInt8(ascii: "F"):
      true
    default: false
    }
  }

  private static func isWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}
