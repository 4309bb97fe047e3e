import Glibc
import Settings

/// Why a file of tokens can't be read or changed; never holds a token or a hash.
package struct TokenFileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file; `nil` where only its content is looked at.
  package var path: String?
  package var message: String

  /// An error; see the fields.
  package init(_ message: String, path: String? = nil) {
    self.message = message
    self.path = path
  }

  package var description: String { (path.map { "\($0): " } ?? "") + message }
}

/// The file that holds the hashes of the tokens: read whole, and replaced whole.
package enum TokenFile {
  /// A larger file is refused.
  package static let maxBytes = 1 << 20

  /// The tokens of a file.
  /// - Throws: `TokenFileError` when it is missing, unreadable, or no file of tokens.
  package static func read(_ path: String) throws(TokenFileError) -> TokenList {
    let bytes: [UInt8]
    do throws(SmallFile.Failure) {
      bytes = try SmallFile.read(path, limit: maxBytes)
    } catch {
      throw TokenFileError(error.message, path: path)
    }
    do throws(TokenFileError) {
      return try TokenList(parsing: bytes)
    } catch {
      throw TokenFileError(error.message, path: path)
    }
  }

  /// Changes a file's tokens: all of `change` or nothing, and never two changes at once.
  ///
  /// - Parameters:
  ///   - path: the file; made with mode 0600 when it is not there, and only its owner may read what replaces it.
  ///   - mustExist: whether a missing file is an error.
  ///   - change: what is done with the list.
  /// - Throws: `TokenFileError`, also that of `change`; then the file is as it was.
  package static func update(
    _ path: String, mustExist: Bool, _ change: (inout TokenList) throws(TokenFileError) -> Void
  ) throws(TokenFileError) {
    // What a link names is replaced, not the link.
    let path = realPath(path) ?? path
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    let directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw failure("its folder can't be opened", path) }
    defer { close(directory) }
    // On the folder, because the file itself is replaced.
    while flock(directory, LOCK_EX) != 0 {
      guard errno == EINTR else { throw failure("its folder can't be locked", path) }
    }
    var before = stat()
    let exists = stat(path, &before) == 0
    guard exists || !mustExist else { throw TokenFileError("there is no such file", path: path) }
    var list = exists ? try read(path) : TokenList()
    do throws(TokenFileError) {
      try change(&list)
    } catch {
      throw TokenFileError(error.message, path: path)
    }
    try replace(path, with: list.encoded(), owner: exists ? before : nil)
    fsync(directory)
  }

  private static func replace(
    _ path: String, with bytes: [UInt8], owner: stat?
  ) throws(TokenFileError) {
    let new = "\(path).\(getpid()).new"
    unlink(new)
    let file = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else { throw failure("can't be written", path) }
    var isWhole = true
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { write(file, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        isWhole = false
        break
      }
      rest = rest.dropFirst(count)
    }
    // Whoever could read it before can still: the superuser may make tokens for a service's user.
    if let owner, owner.st_uid != geteuid() || owner.st_gid != getegid() {
      isWhole = isWhole && fchown(file, owner.st_uid, owner.st_gid) == 0
    }
    isWhole = isWhole && fsync(file) == 0
    let code = errno
    close(file)
    guard isWhole, rename(new, path) == 0 else {
      let reason = isWhole ? errno : code
      unlink(new)
      throw TokenFileError("can't be replaced: \(String(cString: strerror(reason)))", path: path)
    }
  }

  private static func realPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  private static func failure(_ what: String, _ path: String) -> TokenFileError {
    TokenFileError("\(what): \(String(cString: strerror(errno)))", path: path)
  }
}
