import IncidentModel

/// Text from outside made fit for a message: one line, nothing invisible, not too long.
enum PlainLine {
  /// - Parameters:
  ///   - text: anything.
  ///   - maxLength: Unicode scalars that stay; what is cut is marked with an ellipsis.
  static func of(_ text: String, _ maxLength: Int) -> String {
    var line = String.UnicodeScalarView()
    var length = 0
    var pendingSpace = false
    var marks = 0
    for scalar in text.unicodeScalars {
      marks = CombiningMarks.isMark(scalar) ? marks + 1 : 0
      if marks > CombiningMarks.kept { continue }
      if scalar.properties.isWhitespace || isInvisible(scalar) {
        pendingSpace = length > 0
        continue
      }
      guard length + (pendingSpace ? 2 : 1) <= maxLength else {
        line.append("…")
        break
      }
      if pendingSpace {
        line.append(" ")
        length += 1
        pendingSpace = false
      }
      line.append(scalar)
      length += 1
    }
    return String(line)
  }

  /// Control characters, and the format characters that turn or hide text around them.
  private static func isInvisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}
