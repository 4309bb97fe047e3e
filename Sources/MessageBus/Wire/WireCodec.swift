import IncidentModel
import SwiftProtobuf

/// Messages to bytes and back.
///
/// Both ways check the same rules, so whatever one end could encode the other can decode, and what
/// breaks a rule is found where it is made. Nothing that comes in can crash the process: every frame
/// is either a message or a ``WireError`` with its reason.
package enum WireCodec {
  /// The protocol's version that this system speaks.
  package static let version: UInt32 = 1
  /// Bytes of a frame from an agent at the most.
  package static let maxAgentFrame = 1 << 20
  /// Bytes of a frame from the coordinator at the most; a snapshot of 10,000 incidents fits.
  package static let maxCoordinatorFrame = 16 << 20

  /// The frame of an agent's message.
  package static func encode(_ message: AgentMessage) throws(WireError) -> [UInt8] {
    let body = PBEnvelope.OneOf_Body(message)
    _ = try body.agentMessage()
    return try bytes(body, limit: maxAgentFrame)
  }

  /// The frame of a coordinator's message.
  package static func encode(_ message: CoordinatorMessage) throws(WireError) -> [UInt8] {
    let body = PBEnvelope.OneOf_Body(message)
    _ = try body.coordinatorMessage()
    return try bytes(body, limit: maxCoordinatorFrame)
  }

  /// The frame of a published change.
  package static func encode(_ change: Change) throws(WireError) -> [UInt8] {
    let part = PBChange(change)
    _ = try part.model()
    return try bytes(.change(part), limit: maxAgentFrame)
  }

  /// The message in an agent's frame.
  package static func decodeAgentMessage(_ frame: [UInt8]) throws(WireError) -> AgentMessage {
    try body(frame, limit: maxAgentFrame).agentMessage()
  }

  /// The message in a coordinator's frame.
  package static func decodeCoordinatorMessage(_ frame: [UInt8]) throws(WireError) -> CoordinatorMessage {
    try body(frame, limit: maxCoordinatorFrame).coordinatorMessage()
  }

  /// The change in a published frame.
  package static func decodeChange(_ frame: [UInt8]) throws(WireError) -> Change {
    guard case .change(let change) = try body(frame, limit: maxAgentFrame) else {
      throw .unexpected("only changes are published")
    }
    return try change.model()
  }

  private static func bytes(_ body: PBEnvelope.OneOf_Body, limit: Int) throws(WireError) -> [UInt8] {
    var envelope = PBEnvelope()
    envelope.version = version
    envelope.body = body
    let bytes: [UInt8]
    do { bytes = try envelope.serializedBytes() } catch { throw .malformed }
    if bytes.count > limit { throw .tooLarge(bytes: bytes.count, limit: limit) }
    return bytes
  }

  private static func body(_ frame: [UInt8], limit: Int) throws(WireError) -> PBEnvelope.OneOf_Body {
    if frame.count > limit { throw .tooLarge(bytes: frame.count, limit: limit) }
    // Before a text of it becomes a key.
    if CombiningMarks.areTooMany(in: frame) {
      throw .unexpected("more than \(CombiningMarks.most) combining marks in a row")
    }
    let envelope: PBEnvelope
    do { envelope = try PBEnvelope(serializedBytes: frame) } catch { throw .malformed }
    switch envelope.version {
    case version: break
    case 0: throw .missing(field: "envelope.version")
    default: throw .unknownVersion(envelope.version)
    }
    guard let body = envelope.body else {
      throw .unexpected("an empty envelope, or a message of a newer version")
    }
    return body
  }
}

extension WireCodec {
  /// The bytes that a signal takes in a batch.
  /// - Throws: when it breaks the rules, so that it cannot spoil a batch.
  static func size(of signal: Signal) throws(WireError) -> Int {
    let part = PBSignal(signal)
    _ = try part.model()
    do {
      let bytes: [UInt8] = try part.serializedBytes()
      return bytes.count + 8
    } catch { throw .malformed }
  }
}
