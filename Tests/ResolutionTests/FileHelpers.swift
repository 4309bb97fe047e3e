import Glibc

enum PoolerFiles {
  /// The pooler runs as another user.
  static func makeReadable(_ path: String) async throws { chmod(path, 0o755) }
}

enum Disk {
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Makes a file so many seconds old.
  static func age(_ path: String, seconds: Int) {
    var times = [timespec(), timespec()]
    clock_gettime(CLOCK_REALTIME, &times[0])
    times[0].tv_sec -= seconds
    times[1] = times[0]
    utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW)
  }

  static func link(_ target: String, at path: String) { symlink(target, path) }
  static func pipe(at path: String) { mkfifo(path, 0o600) }
  static func folder(at path: String) { mkdir(path, 0o755) }

  /// Whether a process with this id is there and not merely unreaped.
  static func isAlive(_ pid: Int32) -> Bool {
    guard let file = fopen("/proc/\(pid)/stat", "r") else { return false }
    defer { fclose(file) }
    var buffer = [CChar](repeating: 0, count: 512)
    guard fgets(&buffer, 512, file) != nil else { return false }
    let text = String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let state = text.split(separator: ")").last?.split(separator: " ").first
    return state != "Z" && state != "X"
  }
}
