import FoundationEssentials
import IncidentModel

@testable import Coordination
@testable import IncidentEngine

extension Harness {
  /// What the journal holds.
  static let facts: [Harness] = [
    Harness(
      "journal-payload",
      tokens: [#"{"signalled":{"signal":"#, #""value":"#, #""rule":{"#, #"\u0000"#, "1.", "-.5"],
      seeds: { try samples.map { Array(try $0.json(JSONCoding.encoder()).utf8) } }, run: payload),
    Harness(
      text: "journal-row", maxBytes: 2048, tokens: ["\t", "\\N", "INC-1A2B3C4D"],
      seeds: [
        "7\tINC-1A2B3C4D\t1795000000123\tunsettled\tcoordinator\t{\"unsettled\":{}}\t3",
        "9223372036854775807\t\\N\t-1\tnoted\td\t{}\t-9223372036854775808",
      ]
    ) { text in
      let row = text.split(separator: "\t", omittingEmptySubsequences: false).map {
        $0 == "\\N" ? nil : String($0)
      }
      guard let record = JournalRecord(row: row) else { return false }
      let stored = record.storable(epoch: 3)
      try demand(!stored.payload.utf8.contains(0), "NUL in what is to be stored")
      if let event = try? record.event(decoder: JSONCoding.decoder()) { try replay(event) }
      return true
    },
  ]

  private static let samples: [Fact] =
    [
      .opened(signal: Samples.signal, autonomy: .auto), .signalled(signal: Samples.signal),
      .noted(signal: Samples.cleared, reason: "no open incident"),
      .queued(job: .diagnose, deadline: Samples.moment),
      .leased(lease: Samples.lease, worker: "r", instance: "r/1", attempt: 1, expires: Samples.moment),
      .leaseLost(token: .max, reason: "silent"), .jobEnded(token: nil, reason: "\u{0}\n"),
      .exchanged(exchange: Samples.exchange), .diagnosed(diagnosis: Samples.diagnosis),
      .approvalRequested(deadline: Samples.moment), .approved(note: nil),
      .acknowledged(note: "ok", until: Samples.moment, name: "ann"),
      .snoozed(until: Samples.moment, note: nil, name: "a"),
      .stepIntended(index: 0, name: "step", token: 1),
      .stepConcluded(outcome: StepOutcome(index: 0, state: .failed, detail: "no", undo: Samples.actions[2])),
      .verified(verification: Samples.verification), .settling(until: Samples.moment), .unsettled,
      .resolved(auto: true, reason: "gone"), .escalated(reason: "no runbook"),
      .climbed(level: 1, round: 2, name: "ann", next: Samples.moment),
      .markedFalsePositive(note: nil, quietUntil: Samples.moment),
      .announced(
        announcement: Announcement(
          key: "k", kind: .escalation, incident: Samples.lease.incident, audience: "ann", sinks: ["log"],
          severity: .high, title: "t", text: "x", at: Samples.moment)),
      .announcementTold(key: "k", sink: "log"), .announcementSettled(key: "k", outcome: "delivered"),
      .archived(before: Samples.moment, opened: 7, salt: 9, numbering: .near, lastToken: 12),
    ]

  // The fast reader and the general one agree on everything.
  private static func payload(_ bytes: [UInt8]) throws -> Bool {
    let text = String(decoding: bytes, as: UTF8.self)
    let decoder = JSONCoding.decoder()
    if JSONGuard.objection(to: bytes) != nil {
      _ = try? Fact(json: text, decoder)
      return false
    }
    let general = try? decoder.decode(Fact.self, from: Data(text.utf8))
    let fast = try? Fact(json: text, decoder)
    try demand(fast == general, "the two readers do not agree: \(general.map { "\($0)" } ?? "nil")")
    guard let fact = fast else { return false }
    let again = try Fact(json: try fact.json(JSONCoding.encoder()), decoder)
    try demand(again == fact, "another fact when it is read back")
    let event = EngineEvent(
      sequence: 2, at: Samples.moment, incident: Samples.lease.incident, actor: "coordinator", fact: fact)
    try replay(event)
    return true
  }

  private static func replay(_ event: EngineEvent) throws {
    var engine = Engine(policy: EnginePolicy())
    for first in [
      EngineEvent(
        sequence: 1, at: Samples.moment, incident: Samples.lease.incident, actor: "detector",
        fact: .opened(signal: Samples.signal, autonomy: .auto)), event,
    ] {
      engine.replay(first)
    }
    _ = engine.resume(at: Samples.moment)
    _ = engine.handle(.tick, at: Samples.moment + .seconds(3600))
    _ = engine.nextDeadlines(10)
  }
}
