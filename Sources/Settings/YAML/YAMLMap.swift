import Yams

/// A mapping that remembers which keys were asked for, so that the others can be reported.
///
/// A class because reading from it changes that memory; used by one task.
final class YAMLMap {
  let value: YAMLValue
  private let entries: [String: YAMLValue]
  private let places: [String: YAMLValue]
  /// Every key, in the file's order, for mappings whose keys are names.
  let keys: [String]
  private var known: Set<String> = []

  init(_ mapping: Node.Mapping, of value: YAMLValue) {
    self.value = value
    var entries: [String: YAMLValue] = [:]
    var places: [String: YAMLValue] = [:]
    var keys: [String] = []
    for (key, node) in mapping {
      guard let name = key.scalar?.string else {
        YAMLValue(node: key, path: value.path, file: value.file, log: value.log).report("a key must be text")
        continue
      }
      let path = (value.path.isEmpty ? "" : value.path + ".") + String(name.prefix(64))
      places[name] = YAMLValue(node: key, path: path, file: value.file, log: value.log)
      entries[name] = YAMLValue(node: node, path: path, file: value.file, log: value.log)
      keys.append(name)
    }
    self.entries = entries
    self.places = places
    self.keys = keys
  }

  /// The place of a key.
  func place(of key: String) -> YAMLValue? { places[key] }

  /// The value of a key; a key without a value is reported.
  func optional(_ key: String) -> YAMLValue? {
    known.insert(key)
    guard let entry = entries[key] else { return nil }
    if entry.isNull {
      place(of: key)?.report("has no value; give it one or leave the key out")
      return nil
    }
    return entry
  }

  /// The value of a key that must be there.
  func required(_ key: String) -> YAMLValue? {
    if entries[key] == nil {
      known.insert(key)
      value.report("the key \"\(key)\" is missing")
      return nil
    }
    return optional(key)
  }

  /// Reads an optional key into a place that keeps its default otherwise.
  func set<T>(_ key: String, to target: inout T, _ read: (YAMLValue) -> T?) {
    if let value = optional(key).flatMap(read) { target = value }
  }

  /// Reports every key that nobody asked for.
  func finish() {
    for key in keys where !known.contains(key) && !value.log.isFull {
      places[key]?.report("unknown key" + Spelling.hint(for: key, among: known.sorted()))
    }
  }
}
