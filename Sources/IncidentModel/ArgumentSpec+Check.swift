extension ArgumentSpec {
  /// Why `value` can't be this argument, or `nil` when it can.
  package func objection(to value: ParameterValue) -> String? {
    switch (kind, value) {
    case (.text(let length, let lines), .text(let text)):
      if text.contains("${") { return "\"${name}\" stands for a whole value; it can't be a part of one" }
      return Self.objection(to: text, length: length, lines: lines) ?? pathObjection(to: text)
    case (.number(let bounds), .number(let number)):
      return bounds.contains(number) ? nil : "must be \(kind.words), not \(value)"
    case (.integer(let bounds), .number(let number)):
      guard let whole = Int64(exactly: number), bounds.contains(whole) else {
        return "must be \(kind.words), not \(value)"
      }
      return nil
    default: return "must be \(kind.words)"
    }
  }

  /// Why `texts` can't be this argument, or `nil` when they can.
  package func objection(to texts: [String]) -> String? {
    guard case .texts(let count) = kind else { return "must be \(kind.words), not a list" }
    if texts.count > count { return "has \(texts.count) entries; at most \(count)" }
    for text in texts {
      if text.contains("${") { return "\"${name}\" stands for a whole entry; it can't be a part of one" }
      if let reason = Self.objection(to: text, length: 0...4096, lines: false) { return reason }
    }
    return nil
  }

  static func objection(to text: String, length: ClosedRange<Int>, lines: Bool) -> String? {
    // Scalars, not characters: one character can be made of any number of them.
    let count = text.unicodeScalars.count
    if !length.contains(count) {
      return "must have \(length.lowerBound) to \(length.upperBound) characters, not \(count)"
    }
    return PlainText.hasControlCharacters(text, allowing: lines)
      ? "must not hold control characters" : nil
  }

  /// What a folder and a file pattern must be beyond text; the resolver checks them against the config once more.
  private func pathObjection(to text: String) -> String? {
    if name == "folder" {
      let parts = text.split(separator: "/", omittingEmptySubsequences: false)
      if !text.hasPrefix("/") || parts.contains("..") || parts.contains(".") {
        return "must be an absolute path without . and .."
      }
    }
    return nil
  }
}

extension ArgumentSpec.Kind {
  /// For people.
  var words: String {
    switch self {
    case .text(let length, _): "text of \(length.lowerBound) to \(length.upperBound) characters"
    case .number(let bounds):
      "a number from \(ParameterValue.number(bounds.lowerBound)) to \(ParameterValue.number(bounds.upperBound))"
    case .integer(let bounds): "a whole number from \(bounds.lowerBound) to \(bounds.upperBound)"
    case .texts(let count): "a list of at most \(count) texts"
    }
  }
}

extension ParameterSpec {
  /// Why `value` can't be this parameter, or `nil` when it can.
  package func objection(to value: ParameterValue) -> String? {
    switch (kind, value) {
    case (.text(let maxLength), .text(let text)):
      return ArgumentSpec.objection(to: text, length: 0...max(0, maxLength), lines: false)
    case (.number(let bounds), .number(let number)):
      return bounds.contains(number) ? nil : "must be \(kind.words), not \(value)"
    default: return "must be \(kind.words)"
    }
  }
}

extension ParameterSpec.Kind {
  /// For people.
  var words: String {
    switch self {
    case .text(let maxLength): "text of at most \(maxLength) characters"
    case .number(let bounds):
      "a number from \(ParameterValue.number(bounds.lowerBound)) to \(ParameterValue.number(bounds.upperBound))"
    }
  }
}
