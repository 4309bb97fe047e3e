import IncidentModel

extension Double {
  /// The number for people: at most four significant digits, whole numbers as such, in no locale.
  package var brief: String {
    guard isFinite, self != 0 else { return isNaN ? "NaN" : self == 0 ? "0" : "\(self)" }
    let size = magnitude
    guard size < 1e15 else { return "\(self)" }
    if size >= 1000 || self == rounded() { return "\(Int64(rounded()))" }
    var scale = 1.0
    while size * scale < 1000 && scale < 1e12 { scale *= 10 }
    let short = (self * scale).rounded() / scale
    return short == short.rounded() ? "\(Int64(short))" : "\(short)"
  }
}

extension String {
  /// The text on one line and not longer than `limit` characters; what was cut is marked.
  ///
  /// For text from outside: control characters become spaces, so that it can't forge a line of a log or a table.
  package func oneLine(limit: Int) -> String {
    var text = ""
    var count = 0
    var marks = 0
    for scalar in unicodeScalars {
      if count == limit { return text + "…" }
      marks = CombiningMarks.isMark(scalar) ? marks + 1 : 0
      if marks > CombiningMarks.kept { continue }
      let isControl = scalar.properties.generalCategory == .control
      text.unicodeScalars.append(isControl ? " " : scalar)
      count += 1
    }
    return text
  }
}
