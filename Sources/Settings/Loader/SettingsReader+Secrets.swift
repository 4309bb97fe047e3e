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
        value.report("the environment variable \(Shown.text(text)) is not set")
        return nil
      }
      return found
    }
    do throws(SmallFile.Failure) {
      let bytes = try SmallFile.read(resolve(text), limit: 64 << 10)
      guard var content = String(validating: bytes, as: UTF8.self) else {
        value.report("the file \(Shown.text(text)) is not UTF-8 text")
        return nil
      }
      while content.last?.isNewline == true { content.removeLast() }
      if content.isEmpty {
        value.report("the file \(Shown.text(text)) is empty")
        return nil
      }
      return content
    } catch {
      value.report("the file \(Shown.text(text)): \(error.message)")
      return nil
    }
  }
}
