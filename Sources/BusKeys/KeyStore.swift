import Glibc

/// Makes, allows and revokes keys in folders. Files appear as a whole or not at all.
package enum KeyStore {
  /// Makes a new pair: `NAME.key`, for its owner alone, and `NAME.pub`.
  ///
  /// - Throws: `KeyError`; a key that is there already is never overwritten.
  package static func make(_ name: String, in folder: String) throws(KeyError) -> KeyPair {
    if let reason = KeyName.objection(name) { throw KeyError(file: name, message: reason) }
    try makeFolder(folder)
    let pair = try KeyPair.generate()
    let base = folder + "/" + name
    guard access(base + KeyFile.publicEnding, F_OK) != 0 else {
      throw KeyError(
        file: base + KeyFile.publicEnding,
        message: "is there already and is not overwritten; choose another name")
    }
    try write(KeyFile.text(pair, name: name), to: base + KeyFile.pairEnding, mode: 0o600)
    do throws(KeyError) {
      try write(KeyFile.text(pair.publicKey, name: name), to: base + KeyFile.publicEnding, mode: 0o644)
    } catch {
      // Half a pair that nobody can allow would only be in the way.
      unlink(base + KeyFile.pairEnding)
      throw error
    }
    return pair
  }

  /// Lets the key of a `NAME.pub` connect, as one kind of agent only where one is given.
  ///
  /// - Returns: the name, and whether it was allowed before.
  /// - Throws: `KeyError` for a malformed file, a key that was revoked or has another name or kind already, and a
  ///   name that stands for another key.
  package static func allow(
    _ file: String, as kind: KeyKind? = nil, in folder: String
  ) throws(KeyError) -> (name: String, key: PublicKey, wasThere: Bool) {
    guard let name = KeyName.of(file, ending: KeyFile.publicEnding) else {
      throw KeyError(file: file, message: "give a file NAME\(KeyFile.publicEnding): its name is the agent's")
    }
    if let reason = KeyName.objection(name) { throw KeyError(file: file, message: reason) }
    let key = try KeyFile.readPublic(file)
    try makeFolder(folder)
    let content = try KeyFolder(folder).read()
    if content.keys.revoked[key] != nil {
      throw KeyError(file: file, message: "this key was revoked; make a new one with aiopsctl keys new")
    }
    if let other = content.keys.names[key] {
      if other == name {
        guard kind == nil || content.keys.kinds[key] == kind else {
          throw KeyError(
            file: folder + "/" + name + KeyFile.publicEnding,
            message: "\(name) is allowed as \(content.keys.kinds[key]?.rawValue ?? "any kind") already; "
              + "change its line kind = \"…\"")
        }
        return (name, key, true)
      }
      throw KeyError(file: file, message: "this key is allowed as \(other); each agent needs one of its own")
    }
    let target = folder + "/" + name + KeyFile.publicEnding
    guard access(target, F_OK) != 0 else {
      throw KeyError(
        file: target,
        message: "another key is allowed as \(name); revoke it first: aiopsctl keys revoke \(name)")
    }
    try write(KeyFile.text(key, name: name, kind: kind), to: target, mode: 0o644)
    return (name, key, false)
  }

  /// Keeps the key of that name out from now on, for good.
  ///
  /// - Returns: the file that remembers it.
  /// - Throws: `KeyError` when nobody has that name.
  package static func revoke(_ name: String, in folder: String) throws(KeyError) -> String {
    if let reason = KeyName.objection(name) { throw KeyError(file: name, message: reason) }
    let file = folder + "/" + name + KeyFile.publicEnding
    for number in 1...KeyFolder.maxFiles {
      let target = folder + "/" + name + (number == 1 ? "" : ".\(number)") + KeyFolder.revokedEnding
      // First the new name: a key in both places is revoked. An older one of the name stays.
      if link(file, target) == 0 {
        guard unlink(file) == 0 else {
          throw KeyError(file: file, message: "can't be removed: \(String(cString: strerror(errno)))")
        }
        syncFolder(folder)
        return target
      }
      switch errno {
      case EEXIST: continue
      case ENOENT, ENOTDIR:
        throw KeyError(file: file, message: "nobody is allowed under this name; see aiopsctl keys list")
      default: throw KeyError(file: file, message: String(cString: strerror(errno)))
      }
    }
    throw KeyError(file: file, message: "too many keys of this name were revoked; remove old ones")
  }

  /// Makes a folder unless it is there.
  private static func makeFolder(_ folder: String) throws(KeyError) {
    if mkdir(folder, 0o755) == 0 || errno == EEXIST { return }
    throw KeyError(
      file: folder,
      message: errno == ENOENT
        ? "the folder that it lies in is not there" : "can't be made: \(String(cString: strerror(errno)))")
  }

  /// Writes a file that must not be there yet: whoever reads it sees all of it.
  private static func write(_ text: String, to path: String, mode: mode_t) throws(KeyError) {
    let folder = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    let temporary = "\(folder)/.new-\(String(UInt64.random(in: .min ... .max), radix: 36))"
    func failed(_ code: Int32) -> KeyError {
      KeyError(
        file: path,
        message: code == EEXIST
          ? "is there already and is not overwritten; choose another name"
          : "can't be written: \(String(cString: strerror(code)))")
    }
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    guard descriptor >= 0 else { throw failed(errno) }
    defer { unlink(temporary) }
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else {
        let code = errno
        close(descriptor)
        throw failed(code)
      }
      bytes = bytes.dropFirst(count)
    }
    // The mode as it is asked for, whatever the process masks.
    let isSafe = fchmod(descriptor, mode) == 0 && fsync(descriptor) == 0
    let code = errno
    guard close(descriptor) == 0, isSafe else { throw failed(code) }
    // A link, unlike a rename, never takes the place of a file.
    guard link(temporary, path) == 0 else { throw failed(errno) }
    syncFolder(folder)
  }

  private static func syncFolder(_ folder: String) {
    let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
