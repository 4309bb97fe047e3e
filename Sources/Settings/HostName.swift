import Glibc

/// The first part of this machine's name; what only this machine can see is told apart by it.
package func hostName() -> String {
  var bytes = [UInt8](repeating: 0, count: 256)
  let status = bytes.withUnsafeMutableBytes { buffer in
    guard let start = buffer.baseAddress else { return Int32(-1) }
    return gethostname(start.assumingMemoryBound(to: CChar.self), buffer.count - 1)
  }
  let name = String(decoding: bytes.prefix { $0 != 0 && $0 != UInt8(ascii: ".") }, as: UTF8.self)
  return status == 0 && !name.isEmpty ? name : "localhost"
}
