/// A strict reader of the HTML that pages may be made of; anything else is an error.
///
/// It knows no repair: an unquoted attribute, a stray `<`, an unknown entity, a tag that nobody closes or a name
/// that is not expected is what a page with a hole would show.
struct PageReader {
  struct Tag: Equatable {
    var name: String
    var attributes: [(name: String, value: String)]

    static func == (a: Tag, b: Tag) -> Bool {
      a.name == b.name && a.attributes.elementsEqual(b.attributes) { $0 == $1 }
    }

    subscript(_ name: String) -> String? { attributes.first { $0.name == name }?.value }
  }

  struct Failure: Error, CustomStringConvertible {
    var description: String
  }

  static let void: Set = ["meta", "link", "input"]
  static let elements: Set = [
    "html", "head", "title", "body", "header", "main", "footer", "nav", "section", "div", "span", "p", "h1",
    "h2",
    "h3", "strong", "small", "code", "pre", "ul", "ol", "li", "dl", "dt", "dd", "table", "thead", "tbody",
    "tr",
    "th", "td", "a", "form", "button", "select", "option", "details", "summary", "time", "noscript", "script",
    "svg",
    "g", "path", "line", "rect", "circle", "text", "meta", "link", "input",
  ]
  static let attributes: Set = [
    "class", "id", "lang", "scope", "role", "type", "name", "rel", "charset", "content", "http-equiv",
    "autocomplete", "placeholder", "maxlength", "method", "selected", "open", "defer", "aria-current",
    "aria-label",
    "title", "value", "datetime", "href", "src", "action", "formaction", "disabled", "hidden",
    "data-severity", "data-status", "data-state",
    "data-live",
    "data-age", "data-now", "data-row", "data-label", "viewBox", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy",
    "r",
    "width", "height", "d", "text-anchor",
  ]

  /// Start tags in their order.
  private(set) var tags: [Tag] = []
  /// Text between tags, as a reader sees it.
  private(set) var texts: [String] = []
  private var open: [String] = []

  /// Everything that is shown, a space between two pieces.
  var shown: String { texts.joined(separator: " ") }

  init(_ bytes: [UInt8]) throws {
    guard let page = String(validating: bytes, as: UTF8.self) else { throw Failure(description: "not UTF-8") }
    var rest = page.unicodeScalars[...]
    guard Self.take("<!doctype html>\n", &rest) else { throw Failure(description: "no doctype") }
    while let next = rest.first {
      if next == "<" { try tag(&rest) } else { try text(&rest) }
    }
    guard open.isEmpty else { throw Failure(description: "never closed: \(open)") }
  }

  func all(_ name: String) -> [Tag] { tags.filter { $0.name == name } }

  private mutating func text(_ rest: inout Substring.UnicodeScalarView) throws {
    let raw = rest.prefix { $0 != "<" }
    rest = rest[raw.endIndex...]
    texts.append(try Self.decode(raw))
  }

  private mutating func tag(_ rest: inout Substring.UnicodeScalarView) throws {
    rest.removeFirst()
    let closes = Self.take("/", &rest)
    let name = Self.name(&rest)
    guard Self.elements.contains(name) else { throw Failure(description: "unexpected element <\(name)>") }
    if closes {
      guard Self.take(">", &rest), open.popLast() == name else {
        throw Failure(description: "stray </\(name)>")
      }
      return
    }
    var tag = Tag(name: name, attributes: [])
    while Self.take(" ", &rest) {
      let attribute = Self.name(&rest)
      guard Self.attributes.contains(attribute) else {
        throw Failure(description: "unexpected attribute \(attribute) of <\(name)>")
      }
      guard tag[attribute] == nil else { throw Failure(description: "\(attribute) twice") }
      var value = ""
      if Self.take("=\"", &rest) {
        let raw = rest.prefix { $0 != "\"" && $0 != "<" && $0 != ">" }
        rest = rest[raw.endIndex...]
        guard Self.take("\"", &rest) else { throw Failure(description: "\(attribute) is not closed") }
        value = try Self.decode(raw)
      }
      tag.attributes.append((attribute, value))
    }
    guard Self.take(">", &rest) else { throw Failure(description: "a stray character in <\(name)>") }
    tags.append(tag)
    if !Self.void.contains(name) { open.append(name) }
  }

  private static func take(_ text: String, _ rest: inout Substring.UnicodeScalarView) -> Bool {
    guard rest.starts(with: text.unicodeScalars) else { return false }
    rest = rest.dropFirst(text.unicodeScalars.count)
    return true
  }

  private static func name(_ rest: inout Substring.UnicodeScalarView) -> String {
    let name = rest.prefix {
      $0.isASCII && ($0.properties.isAlphabetic || ("0"..."9").contains($0) || $0 == "-")
    }
    rest = rest[name.endIndex...]
    return String(name)
  }

  private static let entities: [String: Unicode.Scalar] = [
    "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "#39": "'", "#96": "`",
  ]

  private static func decode(_ raw: Substring.UnicodeScalarView) throws -> String {
    var text = String.UnicodeScalarView()
    var rest = raw
    while let scalar = rest.popFirst() {
      switch scalar {
      case "&":
        let name = String(rest.prefix { $0 != ";" }.prefix(8))
        guard let entity = entities[name] else { throw Failure(description: "unknown entity &\(name)") }
        rest = rest.dropFirst(name.unicodeScalars.count + 1)
        text.append(entity)
      case "\"", "'", "`", ">": throw Failure(description: "\(scalar) is not escaped")
      case "\n": text.append(scalar)
      default:
        guard !isHidden(scalar) else { throw Failure(description: "hidden character \(scalar.value)") }
        text.append(scalar)
      }
    }
    return String(text)
  }

  /// What may not be on a page as itself.
  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned: scalar.value < 0x20000
    // Joiners make one sign of several, which whole scripts and flags need.
    case .format: ![0x200C, 0x200D].contains(scalar.value) && !(0x600...0x605).contains(scalar.value)
    default: false
    }
  }
}
