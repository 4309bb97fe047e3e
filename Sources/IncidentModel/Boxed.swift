/// A value on the heap that copies share until one of them changes.
///
/// For what is large and seldom there, or there twice: a copy is one pointer.
struct Boxed<Value: Sendable>: Sendable {
  // @unchecked Sendable: `value` is only changed by the one holder of the only reference (see `_modify`),
  // and whoever shares it only reads.
  private final class Storage: @unchecked Sendable {
    var value: Value
    init(_ value: Value) { self.value = value }
  }

  private var storage: Storage

  init(_ value: Value) { storage = Storage(value) }

  var value: Value {
    get { storage.value }
    _modify {
      if !isKnownUniquelyReferenced(&storage) { storage = Storage(storage.value) }
      yield &storage.value
    }
  }

  /// Whether both are the same piece of memory.
  func isSame(as other: Boxed) -> Bool { storage === other.storage }
}
