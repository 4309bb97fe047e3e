import Glibc

/// A value for a `$1` of a statement.
package enum PostgresParameter: Sendable, Equatable {
  /// Text, of which the server makes what the statement needs; `nil` is NULL.
  case text(String?)
  /// A `bigint[]`, in PostgreSQL's binary format.
  case bigints([Int64])
  /// A `text[]`, in PostgreSQL's binary format; `nil` is NULL.
  case texts([String?])
  /// A whole array of `bytea`, in PostgreSQL's binary format.
  case bytes([[UInt8]])

  /// Whether it has a NUL character, which PostgreSQL's text can't hold.
  var hasNUL: Bool {
    switch self {
    case .text(let text): text?.hasNUL == true
    case .bigints, .bytes: false
    case .texts(let texts): texts.contains { $0?.hasNUL == true }
    }
  }

  /// What goes over the wire; `nil` is NULL.
  var bytes: [UInt8]? {
    switch self {
    case .text(let text):
      // libpq takes text as a C string.
      return text.map { Array($0.utf8) + [0] }
    case .bigints(let values):
      var bytes = Self.arrayHeader(count: values.count, element: 20, size: values.count * 12)
      for value in values {
        Self.append(Int32(8), to: &bytes)
        Self.append(value, to: &bytes)
      }
      return bytes
    case .texts(let texts):
      let size = texts.reduce(0) { $0 + 4 + ($1?.utf8.count ?? 0) }
      var bytes = Self.arrayHeader(count: texts.count, element: 25, size: size)
      for text in texts {
        guard let text else {
          Self.append(Int32(-1), to: &bytes)
          continue
        }
        Self.append(Int32(clamping: text.utf8.count), to: &bytes)
        bytes.append(contentsOf: text.utf8)
      }
      return bytes
    case .bytes(let values):
      let size = values.reduce(0) { $0 + 4 + $1.count }
      var bytes = Self.arrayHeader(count: values.count, element: 17, size: size)
      for value in values {
        Self.append(Int32(clamping: value.count), to: &bytes)
        bytes.append(contentsOf: value)
      }
      return bytes
    }
  }

  var isBinary: Bool { if case .text = self { false } else { true } }

  /// Dimensions, a flag for NULLs, the elements' type, and the one dimension's length and first index.
  private static func arrayHeader(count: Int, element: Int32, size: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(size + 20)
    for number in [count == 0 ? 0 : 1, 1, element] as [Int32] { append(number, to: &bytes) }
    guard count > 0 else { return bytes }
    append(Int32(clamping: count), to: &bytes)
    append(Int32(1), to: &bytes)
    return bytes
  }

  private static func append(_ number: Int32, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
  }

  private static func append(_ number: Int64, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: number.bigEndian) { bytes.append(contentsOf: $0) }
  }
}

/// Parameters as libpq takes them: three arrays that live as long as this object.
final class ParameterArrays {
  let count: CInt
  let values: UnsafeMutablePointer<UnsafePointer<CChar>?>
  let lengths: UnsafeMutablePointer<CInt>
  let formats: UnsafeMutablePointer<CInt>
  private let buffers: [UnsafeMutableBufferPointer<CChar>?]

  init(_ parameters: [PostgresParameter]) {
    count = CInt(clamping: parameters.count)
    values = .allocate(capacity: parameters.count + 1)
    lengths = .allocate(capacity: parameters.count + 1)
    formats = .allocate(capacity: parameters.count + 1)
    values.initialize(repeating: nil, count: parameters.count + 1)
    lengths.initialize(repeating: 0, count: parameters.count + 1)
    formats.initialize(repeating: 0, count: parameters.count + 1)
    buffers = parameters.map { parameter in
      parameter.bytes.map { bytes in
        let buffer = UnsafeMutableBufferPointer<CChar>.allocate(capacity: bytes.count)
        bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(buffer).copyBytes(from: $0) }
        return buffer
      }
    }
    for (index, buffer) in buffers.enumerated() {
      values[index] = buffer?.baseAddress.map { UnsafePointer($0) }
      lengths[index] = CInt(clamping: buffer?.count ?? 0)
      formats[index] = parameters[index].isBinary ? 1 : 0
    }
  }

  deinit {
    for buffer in buffers { buffer?.deallocate() }
    values.deallocate()
    lengths.deallocate()
    formats.deallocate()
  }
}
