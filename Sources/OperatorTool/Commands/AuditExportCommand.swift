import ArgumentParser
import FoundationEssentials
import Glibc
import IncidentModel
import JournalAudit

struct AuditExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write the journal as JSON lines: who did what, when, why, before, after.",
    discussion: """
      One object a line, with sequence, hash, epoch, at, incident, kind, actor, payload, and where they are known \
      why, before and after. Records that were chained later than they were written have chained_later. \
      audit verify tells whether all of it is as it was written.
      """)

  @OptionGroup var journal: JournalOptions
  @Option(help: ArgumentHelp("The first record.", valueName: "sequence")) var from: Int64?
  @Option(help: ArgumentHelp("Records of this incident only.", valueName: "id")) var incident: String?
  @Option(
    help: ArgumentHelp(
      "Where it is written; only its owner may read it (default: standard output).", valueName: "file"))
  var output: String?

  func run() async throws {
    if let incident, IncidentID(incident) == nil {
      throw ToolError(message: "--incident must be an id such as INC-1A2B3C4D", status: 64)
    }
    let reader = try journal.reader()
    let file = try output.map(LineFile.init)
    let context = ToolContext.current
    do {
      let reading = try await reader.read(
        JournalReader.Scope(from: from, incident: incident),
        { (count: 0, since: $0) },
        { state, record in
          let line = ExportedRecord(record, isLate: record.sequence < state.since).line
          if let file { try file.write(line) } else { context.out(line) }
          state.count += 1
        })
      try file?.finish()
      let (count, since) = reading.state
      context.err("\(count) record\(count == 1 ? "" : "s") written")
      if since > 1 {
        context.err(
          "the chain begins at record \(since): those before it were chained later than they were written")
      }
    } catch let error as AuditError {
      throw ToolError(error)
    }
  }
}

/// A record of the journal as one line of JSON.
struct ExportedRecord {
  private struct Head: Encodable {
    var sequence: Int64
    var hash: String
    var epoch: Int64
    var at: Timestamp
    var incident: String?
    var kind: String
    var actor: String
    var why: String?
    var before: [String: String]?
    var after: [String: String]?
    var chainedLater: Bool?
    /// The payload, where it is no JSON object.
    var payloadText: String?
  }

  /// Without a line's end.
  let line: String

  init(_ record: StoredRecord, isLate: Bool) {
    let payload = JSONValue(record.payload)
    let isObject = if case .object = payload { true } else { false }
    let change = payload?["change"]
    let fact = payload?.fields.first { $0.key != "change" }?.value
    let head = Head(
      sequence: record.sequence, hash: ChainHash(record.hash)?.hex ?? "", epoch: record.epoch,
      at: Timestamp(milliseconds: record.at),
      incident: record.incident.map { String(decoding: $0, as: UTF8.self) },
      kind: String(decoding: record.kind, as: UTF8.self),
      actor: String(decoding: record.actor, as: UTF8.self),
      why: [fact?["note"], fact?["reason"], change?["why"]].compactMap { $0?.text }.first { !$0.isEmpty },
      before: change?["before"]?.texts, after: change?["after"]?.texts, chainedLater: isLate ? true : nil,
      payloadText: isObject ? nil : String(decoding: record.payload, as: UTF8.self))
    let data = (try? JSONCoding.encoder().encode(head)) ?? Data("{}".utf8)
    let text = JSONText.safe(Array(data))
    line = isObject ? "\(text.dropLast()),\"payload\":\(JSONText.safe(record.payload))}" : text
  }
}

extension JSONValue {
  /// The fields that are texts.
  fileprivate var texts: [String: String] { fields.compactMapValues(\.text) }
}

/// A file that is written line by line.
final class LineFile: Sendable {
  private let descriptor: Int32
  private let path: String

  /// Creates the file, or empties it.
  init(_ path: String) throws {
    descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    self.path = path
    guard descriptor >= 0 else { throw Self.failure(path) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Appends a line.
  func write(_ line: String) throws {
    var bytes = Array((line + "\n").utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw Self.failure(path) }
      bytes = bytes.dropFirst(count)
    }
  }

  /// Says whether everything is on the disk.
  func finish() throws {
    // What is no file on a disk, such as a pipe, has nothing to be synced.
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == EROFS else { throw Self.failure(path) }
  }

  private static func failure(_ path: String) -> ToolError {
    ToolError(
      message: "--output: \(Terminal.visible(path)) can't be written: \(String(cString: strerror(errno)))")
  }
}
