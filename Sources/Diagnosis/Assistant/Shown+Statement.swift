extension Shown {
  /// A statement of SQL without what it was about: literals and numbers become `?`, comments a space.
  ///
  /// Names of tables and columns stay, so that people recognize the statement; passwords, card numbers and
  /// whatever else an application wrote into it never leave the database. What is not closed, because the text
  /// was cut or is hostile, is masked to the end.
  package static func statement(_ sql: String) -> String {
    var masker = StatementMasker(sql)
    return masker.masked()
  }
}

/// PostgreSQL's lexical structure as far as literals, quoted names and comments go (its manual, chapter 4.1).
private struct StatementMasker {
  private let text: [Unicode.Scalar]
  private var at = 0
  private var out = String.UnicodeScalarView()

  init(_ sql: String) { text = Array(sql.unicodeScalars) }

  private func peek(_ offset: Int = 0) -> Unicode.Scalar? {
    at + offset < text.count ? text[at + offset] : nil
  }

  mutating func masked() -> String {
    while let scalar = peek() {
      switch scalar {
      case "'": literal(escapes: false)
      case "\"": quotedName()
      case "-" where peek(1) == "-": lineComment()
      case "/" where peek(1) == "*": blockComment()
      case "$": dollar()
      case _ where Self.isDigit(scalar), "." where peek(1).map(Self.isDigit) == true: number()
      case _ where Self.isNameStart(scalar): word()
      default: keep()
      }
    }
    return String(out)
  }

  private mutating func keep() {
    out.append(text[at])
    at += 1
  }

  private mutating func maskRest() {
    out.append("?")
    at = text.count
  }

  /// From the quote on. A backslash before a quote is an escape in some servers' settings and none in others', so
  /// nobody can say where such a literal ends.
  private mutating func literal(escapes: Bool) {
    at += 1
    while let scalar = peek() {
      if scalar == "\\" {
        if !escapes, peek(1) == "'" { return maskRest() }
        at += escapes ? 2 : 1
      } else if scalar == "'" {
        guard peek(1) == "'" else {
          at += 1
          out.append("?")
          return
        }
        at += 2
      } else {
        at += 1
      }
    }
    maskRest()
  }

  private mutating func quotedName() {
    let start = at
    at += 1
    while let scalar = peek() {
      at += 1
      if scalar == "\"" {
        guard peek() == "\"" else {
          out.append(contentsOf: text[start..<at])
          return
        }
        at += 1
      }
    }
    maskRest()
  }

  private mutating func lineComment() {
    while let scalar = peek(), scalar != "\n", scalar != "\r" { at += 1 }
    out.append(" ")
  }

  /// Block comments nest.
  private mutating func blockComment() {
    var depth = 0
    repeat {
      if peek() == "/", peek(1) == "*" {
        depth += 1
        at += 2
      } else if peek() == "*", peek(1) == "/" {
        depth -= 1
        at += 2
      } else {
        at += 1
      }
    } while depth > 0 && at < text.count
    out.append(" ")
  }

  /// `$1` is a parameter and stays; `$tag$…$tag$` is a literal.
  private mutating func dollar() {
    if let next = peek(1), Self.isDigit(next) {
      keep()
      while let scalar = peek(), Self.isDigit(scalar) { keep() }
      return
    }
    var end = at + 1
    while end < text.count, text[end] != "$", Self.isNamePart(text[end]) { end += 1 }
    guard end < text.count, text[end] == "$" else {
      // A tag that was cut may have been followed by anything.
      return end == text.count ? maskRest() : keep()
    }
    let tag = text[at...end]
    var search = end + 1
    while search + tag.count <= text.count {
      if text[search] == "$", text[search..<search + tag.count].elementsEqual(tag) {
        at = search + tag.count
        out.append("?")
        return
      }
      search += 1
    }
    maskRest()
  }

  private mutating func number() {
    // Digits, a point, an exponent's sign, and the letters of 0x1F, 1e5 and 1_000.
    while let scalar = peek() {
      let isSign =
        (scalar == "+" || scalar == "-") && (text[at - 1] == "e" || text[at - 1] == "E")
        && peek(1).map(Self.isDigit) == true
      guard Self.isNamePart(scalar) || scalar == "." || isSign else { break }
      at += 1
    }
    out.append("?")
  }

  /// A name or keyword with the digits in it, or the letter before an escaped literal.
  private mutating func word() {
    let start = at
    while let scalar = peek(), Self.isNamePart(scalar) || scalar == "$" { keep() }
    if peek() == "'" {
      literal(escapes: at - start == 1 && (text[start] == "e" || text[start] == "E"))
    }
  }

  private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }
  private static func isNameStart(_ scalar: Unicode.Scalar) -> Bool {
    ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || scalar == "_" || scalar.value >= 0x80
  }
  private static func isNamePart(_ scalar: Unicode.Scalar) -> Bool {
    isNameStart(scalar) || isDigit(scalar)
  }
}
