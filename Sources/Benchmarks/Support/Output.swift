import Glibc

/// Writes a line to standard output, or to standard error.
func say(_ line: String, asError: Bool = false) {
  let bytes = Array((line + "\n").utf8)
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = rest.withUnsafeBytes {
      write(asError ? STDERR_FILENO : STDOUT_FILENO, $0.baseAddress, $0.count)
    }
    // A closed pipe: nobody reads any more.
    guard count > 0 else { return }
    rest = rest.dropFirst(count)
  }
}
