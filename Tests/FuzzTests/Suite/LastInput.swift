import Glibc

/// The input that is being tried, in a file that is there still when it ends the process:
/// `/tmp/aiops-fuzz-PID`, the decoder's name in its first line.
final class LastInput {
  private static let size = 1 << 20
  private let path = "/tmp/aiops-fuzz-\(getpid())"
  private let memory: UnsafeMutableRawPointer?

  init() {
    let file = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    defer { close(file) }
    guard file >= 0, ftruncate(file, off_t(Self.size)) == 0,
      let mapped = mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0), mapped != MAP_FAILED
    else {
      memory = nil
      return
    }
    memory = mapped
  }

  /// Writes it down, before it is tried.
  func note(_ name: String, _ input: [UInt8]) {
    let text = Array("\(name) \(input.count)\n".utf8) + input.prefix(Self.size - 256)
    memory?.copyMemory(from: text, byteCount: text.count)
  }

  /// Nothing happened.
  func forget() { unlink(path) }

  deinit { if let memory { munmap(memory, Self.size) } }

  /// For messages: `base64 -d` gives the bytes back.
  static func base64(_ bytes: [UInt8]) -> String {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let part = bytes[start..<min(start + 3, bytes.count)]
      let bits = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
      for place in 0..<4 {
        text.append(place <= part.count ? digits[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
