import IncidentModel

/// Observed text made fit for people: bounded, and with nothing in it that a terminal obeys.
package enum Shown {
  /// `text` with control, direction and invisible characters written as `\u{…}`, cut to `limit` scalars.
  ///
  /// A text that was cut ends with `…`.
  package static func text(_ text: String, limit: Int = 80) -> String {
    var shown = ""
    var count = 0
    var marks = 0
    for scalar in text.unicodeScalars {
      if count == limit { return shown + "…" }
      marks = CombiningMarks.isMark(scalar) ? marks + 1 : 0
      if marks > CombiningMarks.kept { continue }
      count += 1
      switch scalar {
      case "\n": shown += "\\n"
      case "\r": shown += "\\r"
      case "\t": shown += "\\t"
      case _ where isUnseen(scalar): shown += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
      default: shown.unicodeScalars.append(scalar)
      }
    }
    return shown
  }

  /// A name as it stands in a sentence; an empty one is said to be empty.
  package static func name(_ name: String) -> String {
    name.isEmpty ? "(without a name)" : text(name, limit: 64)
  }

  /// Whether `text` is shown as it is: only such a text may become a parameter.
  package static func isPlain(_ text: String, limit: Int) -> Bool {
    !text.isEmpty && Shown.text(text, limit: limit) == text
  }

  private static func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: true
    default: false
    }
  }
}

/// Figures for people.
package enum Figure {
  /// A duration: `42 s`, `3 min 20 s`, `2 h 5 min`.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds >= 0 else { return "an unknown time" }
    if seconds < 10 { return "\(decimal(seconds)) s" }
    let whole = Int64(min(seconds, 1e15))
    if whole < 120 { return "\(whole) s" }
    if whole < 7200 { return "\(whole / 60) min \(whole % 60) s" }
    if whole < 172_800 { return "\(whole / 3600) h \(whole % 3600 / 60) min" }
    return "\(whole / 86_400) days"
  }

  /// A size: `512 B`, `1.5 GiB`.
  package static func bytes(_ bytes: Int64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]
    var value = Double(max(0, bytes))
    var unit = 0
    while value >= 1024, unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    return "\(decimal(value)) \(units[unit])"
  }

  /// A share of 1 as percent.
  package static func percent(_ share: Double) -> String { "\(decimal(share * 100)) %" }

  /// A number with at most one digit after the point.
  package static func decimal(_ value: Double) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    let tenths = Int64((value * 10).rounded())
    let sign = tenths < 0 ? "-" : ""
    let whole = tenths.magnitude / 10
    let rest = tenths.magnitude % 10
    return rest == 0 ? "\(sign)\(whole)" : "\(sign)\(whole).\(rest)"
  }

  /// A value with its unit.
  package static func value(_ value: Double, unit: String) -> String {
    switch unit {
    case "seconds": duration(value)
    case "bytes": value.isFinite && abs(value) < 1e18 ? bytes(Int64(value)) : "\(value) bytes"
    case "": decimal(value)
    default: "\(decimal(value)) \(unit)"
    }
  }
}
