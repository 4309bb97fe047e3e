import Glibc

/// An open file of a spool.
final class SpoolFile {
  private let descriptor: CInt
  private let path: String

  /// What the system said last.
  static var reason: String { String(cString: strerror(errno)) }

  /// Opens a file for reading and writing, for this user alone; makes it when it is not there.
  init(open path: String) throws(SpoolError) {
    self.path = path
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    if descriptor < 0 { throw .unusable(path: path, reason: Self.reason) }
  }

  deinit { close(descriptor) }

  /// Makes a folder and those above it.
  static func makeFolder(_ path: String) throws(SpoolError) {
    var partial = path.hasPrefix("/") ? "/" : ""
    for part in path.split(separator: "/") {
      partial += part + "/"
      if mkdir(partial, 0o700) != 0, errno != EEXIST {
        throw .unusable(path: path, reason: reason)
      }
    }
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }
  static func remove(_ path: String) { unlink(path) }
  @discardableResult
  static func rename(_ old: String, _ new: String) -> Bool { Glibc.rename(old, new) == 0 }

  /// Takes the file for this process until it ends; `false` when another one has it.
  func tryLock() throws(SpoolError) -> Bool {
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
    if errno == EWOULDBLOCK { return false }
    throw .unusable(path: path, reason: "it can't be locked: \(Self.reason)")
  }

  /// The whole file; `nil` when it cannot be read or is longer than `limit`.
  func bytes(limit: Int) -> [UInt8]? {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return nil }
    guard status.st_size <= limit else {
      errno = EFBIG
      return nil
    }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeMutableBytes {
        pread(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done, off_t(done))
      }
      if count < 0, errno == EINTR { continue }
      if count < 0 { return nil }
      if count == 0 { return Array(bytes.prefix(done)) }
      done += count
    }
    return bytes
  }

  /// Writes all bytes; `false` when not all of them went.
  func write(_ bytes: [UInt8], at offset: Int) -> Bool {
    var done = 0
    while done < bytes.count {
      let count = bytes.withUnsafeBytes {
        pwrite(descriptor, $0.baseAddress.map { $0 + done }, $0.count - done, off_t(offset + done))
      }
      if count < 0, errno == EINTR { continue }
      if count <= 0 { return false }
      done += count
    }
    return true
  }

  func truncate(_ size: Int) -> Bool { ftruncate(descriptor, off_t(size)) == 0 }
  func sync() -> Bool { fsync(descriptor) == 0 }
}
