import Glibc

/// Reads small files, whatever they turn out to be.
enum SmallRead {
  /// Why a file could not be opened or read at all, as opposed to what it holds.
  static func error(_ file: String, _ code: Int32) -> KeyError {
    switch code {
    case ENOENT, ENOTDIR: KeyError(file: file, message: "there is no such file")
    case EACCES, EPERM: KeyError(file: file, message: "may not be read by this user")
    default:
      KeyError(
        file: file, message: String(cString: strerror(code)),
        isUnknown: [EMFILE, ENFILE, ENOMEM, EIO, EINTR, EAGAIN].contains(code))
    }
  }

  /// A file's bytes and what the system says of it.
  /// - Throws: `KeyError` when it is missing, no plain file, unreadable or longer than `limit` bytes.
  static func file(_ path: String, limit: Int) throws(KeyError) -> (bytes: [UInt8], status: stat) {
    // Not blocking, so that a pipe without a writer doesn't hang us before fstat tells what it is.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw error(path, errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw error(path, errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw KeyError(file: path, message: "is not a plain file")
    }
    var bytes = [UInt8](repeating: 0, count: limit + 1)
    var count = 0
    while count < bytes.count {
      let got = bytes.withUnsafeMutableBytes { buffer in
        read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count)
      }
      if got < 0 && errno == EINTR { continue }
      guard got >= 0 else { throw error(path, errno) }
      if got == 0 { break }
      count += got
    }
    guard count <= limit else {
      throw KeyError(file: path, message: "is larger than \(limit) bytes; a key file is not")
    }
    return (Array(bytes[..<count]), status)
  }
}
