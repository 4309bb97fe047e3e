import Glibc

/// Reads files that must be small, whatever they turn out to be.
package enum SmallFile {
  /// What is wrong with a file, for people.
  package struct Failure: Error {
    package var message: String
    /// Whether there is no such file.
    package var isMissing = false
  }

  /// The file's bytes.
  /// - Throws: `Failure` when it is missing, no plain file, unreadable or longer than `limit` bytes.
  package static func read(_ path: String, limit: Int) throws(Failure) -> [UInt8] {
    // Not blocking, so that a pipe without a writer doesn't hang us before fstat tells what it is.
    let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard file >= 0 else {
      let code = errno
      throw Failure(message: reason(code), isMissing: code == ENOENT || code == ENOTDIR)
    }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw Failure(message: reason(errno)) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(message: "is not a plain file") }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      let count = Glibc.read(file, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      guard count >= 0 else { throw Failure(message: reason(errno)) }
      if count == 0 { return bytes }
      bytes += buffer[..<count]
      if bytes.count > limit {
        throw Failure(message: "is larger than \(limit >> 10) KiB, the most that is read")
      }
    }
  }

  /// The YAML files of a folder, by name, or `nil` when it is no folder.
  static func yamlFiles(in folder: String, limit: Int) -> [String]? {
    guard let stream = opendir(folder) else { return nil }
    defer { closedir(stream) }
    var names: [String] = []
    while names.count < limit, let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
        String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix("."), name.hasSuffix(".yaml") || name.hasSuffix(".yml") { names.append(name) }
    }
    return names.sorted().map { folder + "/" + $0 }
  }

  private static func reason(_ code: Int32) -> String {
    switch code {
    case ENOENT, ENOTDIR: "there is no such file"
    case EACCES: "may not be read by this user"
    default: String(cString: strerror(code))
    }
  }
}
