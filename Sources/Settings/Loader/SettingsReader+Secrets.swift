extension SettingsReader {
  /// Text that may carry credentials, given by one of `key`, `key_env` and `key_file`.
  ///
  /// - Parameter objection: what is wrong with the text, without showing it.
  func secret(
    _ key: String, in map: YAMLMap, required: Bool, _ objection: (String) -> String? = { _ in nil }
  ) -> Secret? {
    let given = [key, key + "_env", key + "_file"].compactMap { name in
      map.optional(name).map { (name, $0) }
    }
    if given.count > 1 {
      map.value.report("give only one of " + given.map { "\"\($0.0)\"" }.joined(separator: ", "))
      return nil
    }
    guard let (name, value) = given.first else {
      // A key without a value has been reported already.
      if required, !map.keys.contains(where: { [key, key + "_env", key + "_file"].contains($0) }) {
        map.value.report("the key \"\(key)\" (or \"\(key)_env\", \"\(key)_file\") is missing")
      }
      return nil
    }
    guard let text = secretText(name == key ? nil : name, value) else { return nil }
    if let reason = objection(text) {
      value.report(name == key ? reason : "what it names " + reason)
      return nil
    }
    return Secret(text)
  }

  private func secretText(_ indirect: String?, _ value: YAMLValue) -> String? {
    guard let text = value.text(1...8192) else { return nil }
    guard let indirect else { return text }
    if indirect.hasSuffix("_env") {
      guard let found = environment[text], !found.isEmpty else {
        value.report(
          Self.isVariableName(text)
            ? "the environment variable \(Shown.text(text)) is not set"
            : "what it names is not an environment variable; give the variable's name, not the secret")
        return nil
      }
      return found
    }
    let shown = Self.isPath(text) ? "the file \(Shown.text(text))" : "the file that it names"
    do throws(SmallFile.Failure) {
      let bytes = try SmallFile.read(resolve(text), limit: 64 << 10)
      guard var content = String(validating: bytes, as: UTF8.self) else {
        value.report("\(shown) is not UTF-8 text")
        return nil
      }
      while content.last?.isNewline == true { content.removeLast() }
      if content.isEmpty {
        value.report("\(shown) is empty")
        return nil
      }
      return content
    } catch {
      value.report("\(shown): \(error.message)")
      return nil
    }
  }

  /// Whether a text can be a variable's name. People write the secret itself there, and that is never shown.
  private static func isVariableName(_ text: String) -> Bool {
    !text.utf8.isEmpty
      && text.utf8.enumerated().allSatisfy { index, byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
          true
        case UInt8(ascii: "0")...UInt8(ascii: "9"): index > 0
        default: false
        }
      }
  }

  /// Whether a text looks like a path rather than like the secret itself.
  private static func isPath(_ text: String) -> Bool {
    !text.contains("://") && text.contains { $0 == "/" || $0 == "." }
  }
}
