import Glibc

/// The folder that says who may connect to the coordinators: one `NAME.pub` for everybody who may, and one
/// `….revoked` for every key that never may again.
package struct KeyFolder: Sendable {
  /// The ending of files with a key that was revoked.
  package static let revokedEnding = ".revoked"
  /// Key files in one folder at the most.
  package static let maxFiles = 4_096

  /// What the files were when they were read: their content changes with it.
  package struct Signature: Equatable, Sendable {
    fileprivate struct File: Equatable, Sendable {
      var name: String
      var inode: UInt64
      var size: Int64
      var changed: Int64
    }
    fileprivate var files: [File] = []
  }

  /// What a folder says.
  package struct Content: Equatable, Sendable {
    package var keys = AllowedKeys()
    /// Files that allow nobody because something is wrong with them, in the order of their names.
    package var problems: [KeyError] = []
  }

  package let path: String

  /// The folder of that path.
  package init(_ path: String) { self.path = path }

  /// Whether it is there.
  package var exists: Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// What its files are now; cheap, for asking often.
  /// - Throws: `KeyError` when that can't be told, or there are too many files. A missing folder has no files.
  package func signature() throws(KeyError) -> Signature {
    Signature(
      files: try names().map { name in
        var status = stat()
        guard stat(path + "/" + name, &status) == 0 else {
          return Signature.File(name: name, inode: 0, size: -1, changed: Int64(errno))
        }
        return Signature.File(
          name: name, inode: UInt64(status.st_ino), size: Int64(status.st_size),
          changed: Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec))
      })
  }

  /// Reads all its files. One that is malformed is named and allows nobody; a key that is revoked is not
  /// allowed by any file; a key in two files is its first name's.
  /// - Throws: `KeyError` when the machine could not read what is there, so that nothing is known. A missing
  ///   folder allows nobody.
  package func read() throws(KeyError) -> Content {
    var content = Content()
    let names = try names()
    for name in names where name.hasSuffix(Self.revokedEnding) {
      guard let entry = try entry(name, &content) else { continue }
      content.keys.revoke(entry.key, name: Self.owner(ofRevoked: name))
    }
    for file in names where file.hasSuffix(KeyFile.publicEnding) {
      guard let (key, kind) = try entry(file, &content) else { continue }
      let name = String(file.dropLast(KeyFile.publicEnding.count))
      if let reason = KeyName.objection(name) {
        content.problems.append(KeyError(file: path + "/" + file, message: reason))
      } else if let before = content.keys.revoked[key] {
        content.problems.append(
          KeyError(
            file: path + "/" + file, message: "holds the key of \(before) that was revoked; make a new one"))
      } else if let other = content.keys.names[key] {
        content.problems.append(
          KeyError(
            file: path + "/" + file, message: "holds the key of \(other); each agent needs one of its own"))
      } else {
        content.keys.allow(key, name: name, kind: kind)
      }
    }
    return content
  }

  /// Whose key `NAME.revoked`, or `NAME.2.revoked`, was.
  static func owner(ofRevoked file: String) -> String {
    let name = file.dropLast(revokedEnding.count)
    guard let dot = name.lastIndex(of: "."), Int(name[name.index(after: dot)...]) != nil else {
      return String(name)
    }
    return String(name[..<dot])
  }

  private func entry(
    _ name: String, _ content: inout Content
  ) throws(KeyError) -> (key: PublicKey, kind: KeyKind?)? {
    let file = path + "/" + name
    // A machine that is out of descriptors or memory knows nothing of this file: that revokes nobody.
    do throws(KeyError) { return try KeyFile.readAllowed(file) } catch {
      if error.isUnknown { throw error }
      content.problems.append(error)
      return nil
    }
  }

  /// The names of the key files, sorted.
  private func names() throws(KeyError) -> [String] {
    guard let stream = opendir(path) else {
      if errno == ENOENT || errno == ENOTDIR { return [] }
      throw SmallRead.error(path, errno)
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
        String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
      }
      guard !name.hasPrefix("."), name.hasSuffix(KeyFile.publicEnding) || name.hasSuffix(Self.revokedEnding)
      else { continue }
      names.append(name)
      if names.count > Self.maxFiles {
        throw KeyError(file: path, message: "holds more than \(Self.maxFiles) key files; remove those of old")
      }
    }
    return names.sorted()
  }
}

/// Who may connect, by key.
package struct AllowedKeys: Equatable, Sendable {
  /// The name that every allowed key has; no two have the same.
  package private(set) var names: [PublicKey: String] = [:]
  /// What the owner of a key may be, where that is said; others may be anything.
  package private(set) var kinds: [PublicKey: KeyKind] = [:]
  /// The names that revoked keys had.
  package private(set) var revoked: [PublicKey: String] = [:]

  /// Nobody.
  package init() {}

  /// Lets a key in under a name, unless it is revoked; as one kind of agent only, where one is given.
  package mutating func allow(_ key: PublicKey, name: String, kind: KeyKind? = nil) {
    guard revoked[key] == nil else { return }
    names[key] = name
    kinds[key] = kind
  }

  /// Never lets a key in again.
  package mutating func revoke(_ key: PublicKey, name: String) {
    names[key] = nil
    kinds[key] = nil
    revoked[key] = name
  }

  /// The key that a name stands for.
  package func key(of name: String) -> PublicKey? { names.first { $0.value == name }?.key }
}
