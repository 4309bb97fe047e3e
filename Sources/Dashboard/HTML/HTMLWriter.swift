/// Writes a page: the only way by which text gets into one is escaped.
///
/// Elements are closed by their scope, their names are cases of ``Element``, and attributes come from the
/// constructors of ``Attribute``; so no text from outside can become a tag, an attribute, a script or a link
/// to elsewhere, whatever it holds. A template of text with holes could promise none of that.
package struct HTMLWriter: Sendable {
  /// What was written, UTF-8.
  package private(set) var bytes: [UInt8] = []

  /// A page that is empty.
  package init() { bytes.reserveCapacity(16_384) }

  /// Writes the line that every page begins with.
  package mutating func doctype() { put("<!doctype html>\n") }

  /// Writes an element with what `body` writes in it.
  package mutating func element(
    _ element: Element, _ attributes: [Attribute] = [], _ body: (inout HTMLWriter) -> Void
  ) {
    open(element.rawValue, attributes)
    body(&self)
    put("</")
    put(element.rawValue)
    put(">")
  }

  /// Writes an element that holds text.
  /// - Parameters:
  ///   - text: from anywhere.
  ///   - limit: bytes shown at the most.
  package mutating func element(
    _ element: Element, _ attributes: [Attribute] = [], text: String, limit: Int = VisibleText.limit
  ) {
    self.element(element, attributes) { $0.text(text, limit: limit) }
  }

  /// Writes an element that holds nothing.
  package mutating func void(_ element: VoidElement, _ attributes: [Attribute] = []) {
    open(element.rawValue, attributes)
  }

  /// Writes text: escaped, of bounded length, with everything made visible that would hide or turn it round.
  package mutating func text(_ text: String, limit: Int = VisibleText.limit) {
    VisibleText.append(text, limit: limit, to: &bytes)
  }

  private mutating func open(_ name: String, _ attributes: [Attribute]) {
    put("<")
    put(name)
    for attribute in attributes {
      put(" ")
      put(attribute.name)
      guard let value = attribute.value else { continue }
      put("=\"")
      VisibleText.append(value, limit: VisibleText.limit, to: &bytes)
      put("\"")
    }
    put(">")
  }

  private mutating func put(_ text: String) { bytes.append(contentsOf: text.utf8) }

  private mutating func put(_ text: StaticString) {
    text.withUTF8Buffer { bytes.append(contentsOf: $0) }
  }
}

/// The elements that pages are made of.
package enum Element: String, Sendable, CaseIterable {
  case html, head, title, body, header, main, footer, nav, section, div, span, p, h1, h2, h3, strong, small
  case code, pre, ul, ol, li, dl, dt, dd, table, caption, thead, tbody, tr, th, td, a, form, label, button
  case select, option, details, summary, time, noscript, script
  // Drawings.
  case svg, g, desc, path, line, rect, circle
  case svgText = "text"
}

/// The elements that hold nothing.
package enum VoidElement: String, Sendable, CaseIterable {
  case meta, link, input
}
