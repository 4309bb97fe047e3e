import Coordination
import FoundationEssentials
import HTTPBackend
import IncidentEngine
import IncidentModel
import MessageBus
import Settings
import TestKit

/// Collects what everybody left behind, when all is at rest.
extension ChaosRun {
  private struct List: Decodable {
    struct Item: Decodable { var id: String }
    var incidents: [Item]
    var nextPageToken: String?
  }

  func evidence() async throws -> AuditEvidence {
    var evidence = AuditEvidence(plan: ChaosConfiguration.plan, markStep: ChaosConfiguration.markStep)
    try await readState(&evidence)
    evidence.end = .now
    evidence.troubles = diary.troubles
    evidence.absences = diary.absences
    evidence.alerts = people.posted.filter(\.isAccepted).map(\.mark)
    evidence.signals = await sender.counters.spooled == 0 ? sender.ids : []
    evidence.words = people.words.map { (by: $0.by, incident: $0.incident) }
    evidence.accidents = diary.pages.accidents + target.harms
    return evidence
  }

  /// What a line of the database's log says of a resolver's step.
  private static func touch(_ line: Substring) -> AuditEvidence.SeenStep? {
    let parts = line.split(separator: "|", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, parts[1].hasPrefix("aiops-resolver INC-"),
      parts[2].contains("execute") || parts[2].contains("statement:")
    else { return nil }
    // `2026-11-24 12:00:00.123 UTC`
    let words = parts[0].split(separator: " ")
    guard words.count >= 2, let at = Timestamp(rfc3339: "\(words[0])T\(words[1])Z") else { return nil }
    return AuditEvidence.SeenStep(parts[1].dropFirst("aiops-resolver ".count), at: at)
  }

  /// What the receiver took and what was done where, so far.
  private func readTraces(_ evidence: inout AuditEvidence) throws {
    evidence.pages = receiver.pages
    evidence.marks = try contents(of: folder.path("marks")).split(separator: "\n").compactMap { line in
      let words = line.split(separator: " ")
      guard words.count == 2, let milliseconds = Int64(words[1]) else { return nil }
      return AuditEvidence.SeenStep(words[0], at: Timestamp(milliseconds: milliseconds))
    }
    evidence.touches = target.log.split(separator: "\n").compactMap(Self.touch)
  }

  /// Reads the journal, and what each coordinator shows and others saw, until the journal doesn't change meanwhile.
  private func readState(_ evidence: inout AuditEvidence) async throws {
    let configuration = fleet.coordinators[0].config
    for attempt in 1...10 {
      evidence.events = try await readJournal(configuration)
      evidence.shown = []
      for index in fleet.coordinators.indices { evidence.shown.append(try await shown(index)) }
      try readTraces(&evidence)
      let after = try await readJournal(configuration)
      if after.count == evidence.events.count { break }
      if attempt == 10 { diary.accident("the journal did not come to rest: \(after.count) events") }
      try await Task.sleep(for: .seconds(1))
    }
    let settings = try SettingsLoader.load(path: configuration, environment: [:])
    var engine = Engine(policy: EnginePolicy(settings))
    for entry in evidence.events { engine.replay(entry.event) }
    for (id, record) in engine.state.records {
      evidence.replayed[id.text] = try IncidentDetail.json(of: record.incident)
      let isInHands = record.incident.status == .escalated && !record.incident.pages
      if record.incident.status.isOpen, record.nextDeadline == nil, !isInHands {
        evidence.stuck.append("\(id) is \(record.incident.status.rawValue), without a deadline")
      }
    }
  }

  /// Every incident as a coordinator shows it.
  private func shown(_ index: Int) async throws -> [String: String] {
    var result: [String: String] = [:]
    var token: String?
    repeat {
      let page = try await fleet.get(
        "/aiops/incidents?page_size=500" + (token.map { "&page_token=\($0)" } ?? ""), of: index)
      let list = try JSONCoding.decoder().decode(List.self, from: Data(page.body))
      for item in list.incidents {
        result[item.id] = try await fleet.get("/aiops/incidents/\(item.id)", of: index).text
      }
      token = list.nextPageToken
    } while token != nil
    return result
  }

  /// Writes what the audit saw beside the logs.
  func keepRecords(_ evidence: AuditEvidence) throws {
    let encoder = JSONCoding.encoder()
    func lines(_ values: [some Encodable]) throws -> String {
      try values.map { String(decoding: try encoder.encode($0), as: UTF8.self) }.joined(separator: "\n")
        + "\n"
    }
    try folder.write(lines(evidence.events.map(\.event)), to: "journal.jsonl")
    try folder.write(
      evidence.events.map { "\($0.sequence) \($0.epoch)" }.joined(separator: "\n") + "\n", to: "epochs.txt")
    try folder.write(
      evidence.pages.map { "\($0.at.rfc3339) \($0.event) \($0.key)" }.joined(separator: "\n") + "\n",
      to: "pages.txt")
    try folder.write(
      diary.pages.dealt.map { "\($0.from.rfc3339) – \($0.until.rfc3339) \($0.blow.name) (epoch \($0.epoch))" }
        .joined(separator: "\n") + "\n", to: "blows.txt")
    try folder.write(target.log, to: "target-postgresql.log")
    try folder.write((try? contents(of: store.folder.path("log"))) ?? "", to: "store-postgresql.log")
  }
}

extension Incident {
  /// Whether people are still told of it.
  fileprivate var pages: Bool { acknowledged == nil && severity >= .medium }
}

extension AuditEvidence.SeenStep {
  /// Reads `INC-1A2B3C4D/0/17`.
  init?(_ trace: some StringProtocol, at: Timestamp) {
    let parts = trace.split(separator: "/")
    guard (3...4).contains(parts.count), let step = Int(parts[1]), let token = UInt64(parts[2]) else {
      return nil
    }
    self.init(
      incident: String(parts[0]), step: step, token: token, at: at, isUndo: parts.last == "undo")
  }
}
