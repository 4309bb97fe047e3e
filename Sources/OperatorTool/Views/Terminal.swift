import IncidentModel

/// What reaches a terminal.
enum Terminal {
  /// The text with everything made visible that could move the cursor, colour, ring or hide.
  ///
  /// Names, labels and log lines come from outside; an escape sequence in them is data.
  static func visible(_ text: String) -> String {
    if !PlainText.hasControlCharacters(text) { return text }
    var shown = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": shown += "\\n"
      case "\r": shown += "\\r"
      case "\t": shown += "\\t"
      case _ where PlainText.hasControlCharacters(String(scalar)):
        shown += "\\u{\(String(scalar.value, radix: 16))}"
      default: shown.unicodeScalars.append(scalar)
      }
    }
    return shown
  }

  /// `2026-11-23 08:53:00Z` of an RFC 3339 time in UTC; other text as it is.
  static func time(_ value: JSONValue?) -> String {
    guard let text = value?.text else { return "" }
    guard let moment = Timestamp(rfc3339: text) else { return visible(text) }
    return moment.rfc3339.prefix(19).replacing("T", with: " ") + "Z"
  }

  /// `3d 4h`, `5m 20s`, `12.3 s`.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, abs(seconds) < 1e12 else { return "?" }
    if seconds < 60 { return ParameterValue.number((seconds * 10).rounded() / 10).description + " s" }
    let whole = Int(seconds)
    if whole < 3600 { return "\(whole / 60)m \(whole % 60)s" }
    if whole < 86_400 { return "\(whole / 3600)h \(whole / 60 % 60)m" }
    return "\(whole / 86_400)d \(whole / 3600 % 24)h"
  }
}

/// Columns in line.
enum Table {
  /// A cell is cut at so many characters.
  static let maxCell = 60

  /// The lines of a table; cells must be safe for a terminal already.
  static func lines(_ header: [String], _ rows: [[String]]) -> [String] {
    let rows = ([header] + rows).map { $0.map { clip($0, maxCell) } }
    let widths = header.indices.map { column in
      rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() where column < widths.count {
        line += cell
        // The last column needs no padding.
        if column + 1 < row.count {
          line += String(repeating: " ", count: widths[column] - cell.count + 2)
        }
      }
      return line
    }
  }

  static func clip(_ text: String, _ width: Int) -> String {
    text.count <= width ? text : String(text.prefix(width - 1)) + "…"
  }
}
