import FoundationEssentials

/// Eight bytes a number, in base 64: a window of 240 samples takes between 2.6 and 5.2 kB.
extension RollingMoments: Codable {
  private enum CodingKeys: String, CodingKey { case capacity, older, numbers }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    let (places, squares) = packed
    try container.encode(capacity, forKey: .capacity)
    try container.encode(squares.count, forKey: .older)
    var bytes = Data(capacity: 8 * (places.count + squares.count))
    for number in places + squares {
      withUnsafeBytes(of: number.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
    try container.encode(bytes.base64EncodedString(), forKey: .numbers)
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let capacity = try container.decode(Int.self, forKey: .capacity)
    let older = try container.decode(Int.self, forKey: .older)
    let bytes = Data(base64Encoded: try container.decode(String.self, forKey: .numbers)) ?? Data()
    let numbers = stride(from: 0, to: bytes.count - bytes.count % 8, by: 8).map { start in
      Double(
        bitPattern: (0..<8).reduce(UInt64(0)) {
          $0 | UInt64(bytes[bytes.startIndex + start + $1]) << (8 * $1)
        })
    }
    let count = numbers.count - older
    guard older >= 0, older <= count, bytes.count % 8 == 0,
      let memory = RollingMoments(
        capacity: capacity, places: Array(numbers.prefix(count)), squares: Array(numbers.suffix(older)))
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .numbers, in: container, debugDescription: "no window of \(capacity) samples")
    }
    self = memory
  }
}
