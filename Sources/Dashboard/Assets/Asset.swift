/// A file that pages load from their own server: its name holds a hash of what is in it, so that a browser may
/// keep it for ever.
package struct Asset: Sendable, Equatable {
  /// For `Content-Type`.
  package let type: String
  /// For `ETag`, with its quotes.
  package let tag: String
  package let path: String
  package let bytes: [UInt8]

  private init(name: String, suffix: String, type: String, text: String) {
    self.type = type
    bytes = Array(text.utf8)
    // FNV-1a (Fowler, Noll, Vo): it only has to differ when the file does.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    let digits = String(hash, radix: 16)
    tag = "\"\(digits)\""
    path = "/assets/\(name)-\(digits).\(suffix)"
  }

  package static let style = Asset(
    name: "dashboard", suffix: "css", type: "text/css; charset=utf-8", text: Stylesheet.text)
  package static let script = Asset(
    name: "dashboard", suffix: "js", type: "text/javascript; charset=utf-8", text: Script.text)
  package static let icon = Asset(name: "icon", suffix: "svg", type: "image/svg+xml", text: Icon.text)

  /// Every file there is.
  package static let all = [style, script, icon]

  /// The file of a path; `nil` for none.
  package static func at(_ path: String) -> Asset? { all.first { $0.path == path } }
}

enum Icon {
  static let text = """
    <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="6" \
    fill="#1d3557"/><path d="M4 18h6l3-9 5 15 4-9 2 3h4" fill="none" stroke="#fff" stroke-width="2.6" \
    stroke-linejoin="round" stroke-linecap="round"/></svg>
    """
}
