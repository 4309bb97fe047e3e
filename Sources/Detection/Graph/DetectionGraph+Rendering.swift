extension DetectionGraph {
  /// How a graph can be written down.
  package enum Format: String, Sendable, CaseIterable {
    case text, mermaid, dot
  }

  /// The graph written down, with a newline at the end.
  package func rendered(_ format: Format) -> String {
    switch format {
    case .text: text
    case .mermaid: mermaid
    case .dot: dot
    }
  }

  private var text: String {
    let width = nodes.map(\.name.count).max() ?? 0
    var lines: [String] = []
    for node in nodes {
      let padding = String(repeating: " ", count: width - node.name.count)
      lines.append("\(node.name)\(padding)  \(node.purpose)")
      for edge in edges where edge.from == node.name {
        lines.append("  → \(edge.to)\(edge.label.map { " when \($0)" } ?? "")")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private var mermaid: String {
    var lines = ["flowchart TD"]
    for node in nodes {
      lines.append("  \(node.name)[\"<b>\(node.name)</b><br/>\(Self.quoted(node.purpose))\"]")
    }
    for edge in edges {
      let label = edge.label.map { "|\"\(Self.quoted($0))\"|" } ?? ""
      lines.append("  \(edge.from) -->\(label) \(edge.to)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private var dot: String {
    var lines = ["digraph detection {", "  node [shape=box];"]
    for node in nodes {
      lines.append("  \(node.name) [label=\"\(node.name)\\n\(Self.escaped(node.purpose))\"];")
    }
    for edge in edges {
      let label = edge.label.map { " [label=\"\(Self.escaped($0))\"]" } ?? ""
      lines.append("  \(edge.from) -> \(edge.to)\(label);")
    }
    return lines.joined(separator: "\n") + "\n}\n"
  }

  /// Mermaid has no escapes inside quotes, but reads HTML's.
  private static func quoted(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("\"", with: "&quot;")
      .replacing("<", with: "&lt;").replacing(">", with: "&gt;")
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
  }
}
