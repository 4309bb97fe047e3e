import Coordination
import Foundation
import IncidentModel
import JournalAudit
import OperatorTool
import TestKit
import Testing
import Threads

/// `aiopsctl audit` over real journals.
@Suite("aiopsctl audit", .serialized)
struct AuditCommandTests {
  private struct Run {
    var status: Int32
    var out: [String]
    var err: [String]
  }

  private func aiopsctl(_ arguments: [String], environment: [String: String] = [:]) async -> Run {
    let out = Locked<[String]>([])
    let err = Locked<[String]>([])
    let context = ToolContext(
      environment: environment, out: { line in out.withLock { $0.append(line) } },
      err: { line in err.withLock { $0.append(line) } })
    let status = await OperatorTool.run(["audit"] + arguments, context: context)
    return Run(status: status, out: out.withLock { $0 }, err: err.withLock { $0 })
  }

  @Test(
    "verify says that a journal is whole, or what is not, and takes tips from a log",
    arguments: StoredJournal.Kind.allCases)
  func verify(kind: StoredJournal.Kind) async throws {
    try await StoredJournal.with(kind) { journal in
      try await journal.live(seed: 7)
      let store = ["--store", journal.place]
      let tip = try await journal.reader.verify().tip
      let whole = await aiopsctl(["verify"] + store)
      #expect(whole.status == 0)
      #expect(whole.out[0].contains(" is whole: "))
      #expect(whole.out[1] == "tip \(tip)")
      #expect(whole.out[2].contains("no tip that was kept elsewhere"))

      let folder = try TemporaryFolder("tips")
      defer { folder.remove() }
      let log = try folder.write("{\"message\":\"hello\"}\n{\"message\":\"journal tip \(tip)\"}\n", to: "log")
      let kept = await aiopsctl(["verify", "--tips", log, "--tip", "\(tip)"] + store)
      #expect(kept.status == 0)
      #expect(kept.out.count == 2)

      try await journal.meddle(
        "DELETE FROM \(journal.table("journal")) WHERE sequence = \(tip.sequence)")
      #expect(await aiopsctl(["verify"] + store).status != 64)
      let cut = await aiopsctl(["verify", "--tips", log] + store)
      #expect(cut.status == 1)
      #expect(cut.out.contains("record \(tip.sequence) is missing: a later tip was kept"))
      #expect(cut.err.last?.contains("the journal is not as it was written") == true)

      try await journal.meddle(
        "UPDATE \(journal.table("journal")) SET actor = 'eve' WHERE sequence = (SELECT max(sequence) - 1 FROM \(journal.table("journal")))"
      )
      let json = await aiopsctl(["verify", "-o", "json"] + store)
      #expect(json.status == 1)
      #expect(
        json.out.joined().contains("\"problem\": \"changed\"")
          || json.out.joined().contains("\"problem\" : \"changed\""))
    }
  }

  @Test("export writes every record as one line of JSON: who, when, why, before, after")
  func export() async throws {
    try await StoredJournal.with(.sqlite) { journal in
      let store = try await journal.open()
      guard case .leading(let epoch) = try await store.campaign(.nobody) else {
        throw TestKitError("no lead")
      }
      let incident = IncidentID(number: 0x1A2B_3C4D)
      let payloads = [
        #"{"opened":{"autonomy":"auto"}}"#,
        #"{"snoozed":{"note":"it is\nknown \"here\"","until":"2026-11-26T12:00:00.000Z"},"change":{"after":{"snoozed_until":"2026-11-26T12:00:00.000Z"},"before":{},"why":"never mind"}}"#,
        "no json",
      ]
      try await store.append(
        payloads.enumerated().map { index, payload in
          JournalRecord(
            sequence: Int64(index + 1), incident: index == 2 ? nil : incident,
            at: Timestamp(milliseconds: 1_790_000_000_000), kind: ["opened", "snoozed", "odd"][index],
            actor: "ann", payload: payload)
        }, epoch: epoch)
      let tip = try await store.tip()
      await store.close()

      let run = await aiopsctl(["export", "--store", journal.place])
      #expect(run.status == 0)
      let lines = try run.out.map {
        try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
      }
      #expect(lines.map { $0["sequence"] as? Int } == [1, 2, 3])
      #expect(lines[1]["at"] as? String == "2026-09-21T14:13:20.000Z")
      #expect(lines[1]["actor"] as? String == "ann")
      #expect(lines[1]["incident"] as? String == "INC-1A2B3C4D")
      #expect(lines[1]["why"] as? String == "it is\nknown \"here\"")
      #expect(lines[1]["after"] as? [String: String] == ["snoozed_until": "2026-11-26T12:00:00.000Z"])
      #expect((lines[1]["payload"] as? [String: Any])?["snoozed"] != nil)
      #expect(lines[2]["hash"] as? String == tip.hash.hex)
      #expect(lines[2]["payload_text"] as? String == "no json")
      #expect(lines[0]["chained_later"] == nil)

      let folder = try TemporaryFolder("export")
      defer { folder.remove() }
      let file = folder.path("out.jsonl")
      let part = await aiopsctl(
        ["export", "--store", journal.place, "--from", "2", "--incident", "INC-1A2B3C4D", "--output", file])
      #expect(part.status == 0)
      #expect(part.err == ["1 record written"])
      #expect(try contents(of: file).split(separator: "\n").map(String.init) == [run.out[1]])
      #expect(try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int == 0o600)
    }
  }

  @Test("finds the journal by the configuration, the environment or the option, and says what is wrong")
  func places() async throws {
    try await StoredJournal.with(.sqlite) { journal in
      try await journal.live(seed: 2)
      let folder = try TemporaryFolder("config")
      defer { folder.remove() }
      let config = try folder.write("coordinator: {store: \(journal.place)}\n", to: "aiops.yaml")
      #expect(await aiopsctl(["verify", "--config", config]).status == 0)
      #expect(await aiopsctl(["verify"], environment: ["AIOPS_STORE": journal.place]).status == 0)
      #expect(await aiopsctl(["verify", "--config", folder.path("none.yaml")]).status == 78)
      let both = await aiopsctl(["verify", "--config", config, "--store", "x"])
      #expect(both.status == 64)
      let missing = await aiopsctl(["verify", "--store", folder.path("none.db")])
      #expect(missing.status == 66)
      #expect(missing.err.last?.contains("there is no journal at") == true)
      #expect(await aiopsctl(["verify", "--store", journal.place, "--tip", "41"]).status == 64)
      #expect(await aiopsctl(["verify", "--store", journal.place, "--tips", config]).status == 64)
      #expect(await aiopsctl(["export", "--store", journal.place, "--incident", "41"]).status == 64)
    }
    let secret = await aiopsctl(["verify", "--store", "postgres://ann:tulip@127.0.0.1:1/x"])
    #expect(secret.status == 64)
    #expect(secret.err.joined().contains("must not have a password"))
    #expect(!secret.err.joined().contains("tulip"))
    let away = await aiopsctl(
      ["verify"], environment: ["AIOPS_STORE": "postgres://ann:tulip@127.0.0.1:\(freePort())/x"])
    #expect(away.status == 69)
    #expect(!away.err.joined().contains("tulip"))
  }
}
