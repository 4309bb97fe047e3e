/// Why a frame was not understood, or a message could not be sent.
package enum WireError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The frame has more bytes than a frame of its kind may have.
  case tooLarge(bytes: Int, limit: Int)
  /// The message has the wrong number of frames.
  case frames(Int)
  /// The bytes are no envelope.
  case malformed
  /// The envelope is of a version that this one cannot read.
  case unknownVersion(UInt32)
  /// The envelope holds nothing, or something that the peer may not say.
  case unexpected(String)
  /// Something that must be there is not.
  case missing(field: String)
  /// A value that the model forbids.
  case outOfRange(field: String, reason: String)

  package var description: String {
    switch self {
    case .tooLarge(let bytes, let limit): "\(bytes) bytes, where \(limit) are allowed"
    case .frames(let count): "\(count) frames, where one is expected"
    case .malformed: "not an envelope of this protocol"
    case .unknownVersion(let version):
      "version \(version) of the protocol, where \(WireCodec.version) is spoken; update the older side"
    case .unexpected(let what): "unexpected: \(what)"
    case .missing(let field): "\(field) is missing"
    case .outOfRange(let field, let reason): "\(field) \(reason)"
    }
  }
}
