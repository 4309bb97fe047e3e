import Glibc

/// A NULL-terminated array of C strings, as libpq takes its arguments.
final class CStrings {
  private let copies: [UnsafeMutablePointer<CChar>?]
  /// The array; it lives as long as this object.
  let pointers: UnsafeMutablePointer<UnsafePointer<CChar>?>

  /// Copies the texts; `nil` becomes a NULL pointer, which is SQL's NULL.
  init(_ texts: [String?]) {
    copies = texts.map { $0.flatMap { strdup($0) } }
    pointers = .allocate(capacity: copies.count + 1)
    pointers.initialize(repeating: nil, count: copies.count + 1)
    for (index, copy) in copies.enumerated() { pointers[index] = UnsafePointer(copy) }
  }

  deinit {
    pointers.deallocate()
    for copy in copies { free(copy) }
  }
}
