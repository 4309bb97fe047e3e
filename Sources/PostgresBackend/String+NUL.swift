import Glibc

extension String {
  /// Whether it has a NUL character, which no database's text can hold; asked of every text that is written.
  package var hasNUL: Bool {
    utf8.withContiguousStorageIfAvailable { bytes in
      bytes.baseAddress.map { memchr($0, 0, bytes.count) != nil } ?? false
    } ?? utf8.contains(0)
  }
}
