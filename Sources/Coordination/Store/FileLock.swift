import Glibc

/// The exclusive right to a journal for as long as this process lives, by `flock` on a file beside it.
///
/// The kernel gives the lock back when the process dies, however it dies. The file
/// itself stays: removing it would let two processes lock two files of one name.
struct FileLock: ~Copyable, Sendable {
  private let descriptor: Int32

  /// Takes the lock for the journal at `path`, without waiting.
  /// - Throws: `.inUse` when another process, or another part of this one, has it.
  init(journal path: String) throws(StoreError) {
    let lockPath = path + ".lock"
    // O_CLOEXEC: a child process must not keep the lock alive.
    let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else {
      throw .notAllowed(path: path, detail: "\(lockPath): \(String(cString: strerror(errno)))")
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let reason = errno
      let owner = Self.readOwner(descriptor)
      Glibc.close(descriptor)
      if reason == EWOULDBLOCK { throw .inUse(path: path, pid: owner) }
      throw .notAllowed(path: path, detail: "\(lockPath): \(String(cString: strerror(reason)))")
    }
    self.descriptor = descriptor
    // Who has it is told for the sake of the other's message; a failure to say so harms nobody.
    let owner = Array("\(getpid())\n".utf8)
    if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, owner, owner.count, 0) }
  }

  deinit {
    // Said explicitly: a child process between fork and exec still has the descriptor.
    flock(descriptor, LOCK_UN)
    Glibc.close(descriptor)
  }

  private static func readOwner(_ descriptor: Int32) -> Int32? {
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = pread(descriptor, &bytes, bytes.count, 0)
    guard count > 0 else { return nil }
    return Int32(String(decoding: bytes.prefix(count).prefix { $0 != 10 }, as: UTF8.self))
  }
}
