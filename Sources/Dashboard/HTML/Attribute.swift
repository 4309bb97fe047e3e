import IncidentModel

/// An attribute of an element. There is none that runs anything, and links go where ``Link`` can.
package struct Attribute: Sendable {
  let name: StaticString
  /// `nil` for one that says all by being there.
  let value: String?

  private init(_ name: StaticString, _ value: String?) {
    self.name = name
    self.value = value
  }
}

extension Attribute {
  static func `class`(_ name: StaticString) -> Attribute { Attribute("class", name.description) }
  static func id(_ name: StaticString) -> Attribute { Attribute("id", name.description) }
  static func lang(_ name: StaticString) -> Attribute { Attribute("lang", name.description) }
  static func scope(_ name: StaticString) -> Attribute { Attribute("scope", name.description) }
  static func role(_ name: StaticString) -> Attribute { Attribute("role", name.description) }
  static func type(_ name: StaticString) -> Attribute { Attribute("type", name.description) }
  static func name(_ name: StaticString) -> Attribute { Attribute("name", name.description) }
  static func rel(_ name: StaticString) -> Attribute { Attribute("rel", name.description) }
  static func charset(_ name: StaticString) -> Attribute { Attribute("charset", name.description) }
  static func content(_ text: StaticString) -> Attribute { Attribute("content", text.description) }
  static func httpEquiv(_ name: StaticString) -> Attribute { Attribute("http-equiv", name.description) }
  static func autocomplete(_ name: StaticString) -> Attribute { Attribute("autocomplete", name.description) }
  static func placeholder(_ text: StaticString) -> Attribute { Attribute("placeholder", text.description) }
  static func colspan(_ count: Int) -> Attribute { Attribute("colspan", String(count)) }
  static func maxlength(_ count: Int) -> Attribute { Attribute("maxlength", String(count)) }
  static var post: Attribute { Attribute("method", "post") }
  static var selected: Attribute { Attribute("selected", nil) }
  static var open: Attribute { Attribute("open", nil) }
  static var `defer`: Attribute { Attribute("defer", nil) }
  static var current: Attribute { Attribute("aria-current", "page") }
  static var hidden: Attribute { Attribute("aria-hidden", "true") }

  static func ariaLabel(_ text: String) -> Attribute { Attribute("aria-label", text) }
  static func labelledBy(_ id: StaticString) -> Attribute { Attribute("aria-labelledby", id.description) }
  static func title(_ text: String) -> Attribute { Attribute("title", text) }
  static func value(_ text: String) -> Attribute { Attribute("value", text) }
  static func datetime(_ moment: Timestamp) -> Attribute { Attribute("datetime", moment.rfc3339) }
  static func href(_ link: Link) -> Attribute { Attribute("href", link.text) }
  static func src(_ link: Link) -> Attribute { Attribute("src", link.text) }
  static func formAction(_ link: Link) -> Attribute { Attribute("formaction", link.text) }
  static var disabled: Attribute { Attribute("disabled", nil) }
  static var hiddenElement: Attribute { Attribute("hidden", nil) }
  static func action(_ link: Link) -> Attribute { Attribute("action", link.text) }

  static func severity(_ severity: Severity) -> Attribute { Attribute("data-severity", severity.rawValue) }
  static func status(_ status: IncidentStatus) -> Attribute { Attribute("data-status", status.rawValue) }
  static func state(_ name: StaticString) -> Attribute { Attribute("data-state", name.description) }
  /// A part of the page that is replaced when there is news.
  static func live(_ name: StaticString) -> Attribute { Attribute("data-live", name.description) }
  /// How a time's text is made again as time goes on.
  static func age(_ kind: StaticString) -> Attribute { Attribute("data-age", kind.description) }
  /// The server's time, by which ages are counted.
  static func now(_ moment: Timestamp) -> Attribute { Attribute("data-now", String(moment.milliseconds)) }

  /// A row's link, which keys move between.
  static var row: Attribute { Attribute("data-row", nil) }
  /// A cell's column, where there is no room for a head.
  static func label(_ name: StaticString) -> Attribute { Attribute("data-label", name.description) }

  // Drawings.
  static func viewBox(_ width: Int, _ height: Int) -> Attribute {
    Attribute("viewBox", "0 0 \(width) \(height)")
  }
  static func number(_ name: Coordinate, _ value: Double) -> Attribute {
    Attribute(name.name, Format.decimal(value, places: 1))
  }
  static func path(_ path: PlotPath) -> Attribute { Attribute("d", path.text) }
  static func anchor(_ name: StaticString) -> Attribute { Attribute("text-anchor", name.description) }
}

/// The attributes that place something in a drawing.
enum Coordinate {
  case x, y, x1, x2, y1, y2, cx, cy, r, width, height

  var name: StaticString {
    switch self {
    case .x: "x"
    case .y: "y"
    case .x1: "x1"
    case .x2: "x2"
    case .y1: "y1"
    case .y2: "y2"
    case .cx: "cx"
    case .cy: "cy"
    case .r: "r"
    case .width: "width"
    case .height: "height"
    }
  }
}
