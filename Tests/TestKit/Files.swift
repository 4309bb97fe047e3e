import Glibc

/// A folder under `/tmp` for one test; it goes with ``remove()``, and at the latest with the tests' process.
package struct TemporaryFolder: Sendable {
  /// Its absolute path.
  package let path: String

  /// Makes a folder.
  /// - Parameter name: a part of its name, for whoever looks into `/tmp`.
  package init(_ name: String = "test") throws {
    var template = Array("/tmp/aiops-\(name)-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw TestKitError("no temporary folder: \(String(cString: strerror(errno)))")
    }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    Reaper.willRemove(folder: path)
  }

  /// Makes a folder at a path, which stays when this process has ended.
  package init(at path: String) throws {
    guard mkdir(path, 0o755) == 0 else {
      throw TestKitError("the folder \(path) cannot be made: \(String(cString: strerror(errno)))")
    }
    self.path = path
  }

  /// The path of something in it.
  package func path(_ name: String) -> String { path + "/" + name }

  /// Writes a file into it and gives its path. Folders on the way are made.
  @discardableResult
  package func write(_ text: String, to name: String) throws -> String {
    try write(Array(text.utf8), to: name)
  }

  /// Writes a file into it and gives its path. Folders on the way are made.
  @discardableResult
  package func write(_ bytes: [UInt8], to name: String) throws -> String {
    var folder = path
    for part in name.split(separator: "/").dropLast() {
      folder += "/" + part
      mkdir(folder, 0o755)
    }
    let full = path(name)
    guard let file = fopen(full, "we") else {
      throw TestKitError("\(full) cannot be written: \(String(cString: strerror(errno)))")
    }
    defer { fclose(file) }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else {
      throw TestKitError("\(full) cannot be written")
    }
    return full
  }

  /// Makes a symbolic link in it.
  package func link(_ target: String, as name: String) throws {
    guard symlink(target, path(name)) == 0 else { throw TestKitError("no link \(name)") }
  }

  /// Makes a file of it look as if it had last changed so many seconds ago.
  package func setAge(seconds: Int, of name: String) throws {
    let moment = timespec(tv_sec: time(nil) - seconds, tv_nsec: 0)
    guard utimensat(AT_FDCWD, path(name), [moment, moment], 0) == 0 else {
      throw TestKitError("the age of \(name) cannot be set")
    }
  }

  /// Removes it and all that is in it.
  package func remove() { removeTree(path) }

  /// Runs `body` with a folder and removes it afterwards.
  @discardableResult
  package static func with<Result>(
    _ name: String = "test", isolation: isolated (any Actor)? = #isolation,
    _ body: (TemporaryFolder) async throws -> Result
  ) async throws -> Result {
    let folder = try TemporaryFolder(name)
    defer { folder.remove() }
    return try await body(folder)
  }
}

/// Removes a file, or a folder with all that is in it. Symbolic links are not followed.
func removeTree(_ path: String) {
  if unlink(path) == 0 { return }
  if let folder = opendir(path) {
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { removeTree(path + "/" + name) }
    }
    closedir(folder)
  }
  rmdir(path)
}

/// The text of a file.
package func contents(of path: String) throws -> String {
  guard let file = fopen(path, "re") else {
    throw TestKitError("\(path) cannot be read: \(String(cString: strerror(errno)))")
  }
  defer { fclose(file) }
  var bytes: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 64 << 10)
  while true {
    let count = fread(&buffer, 1, buffer.count, file)
    if count == 0 { break }
    bytes.append(contentsOf: buffer.prefix(count))
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// The folder that has `Package.swift`.
package let repositoryRoot: String = String(
  #filePath.split(separator: "/").dropLast(3).reduce("") { $0 + "/" + $1 })

/// The path of an executable of this package, as built for the tests.
///
/// The tests' own executable lies in the same folder, in debug and in release alike.
package func builtExecutable(_ name: String) throws -> String {
  var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
  let count = readlink("/proc/self/exe", &buffer, buffer.count)
  let here = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  let folders = [
    here.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }, repositoryRoot + "/.build/debug",
  ]
  for folder in folders {
    let path = folder + "/" + name
    if access(path, X_OK) == 0 { return path }
  }
  throw TestKitError("\(name) is not built: swift build --product \(name)")
}
