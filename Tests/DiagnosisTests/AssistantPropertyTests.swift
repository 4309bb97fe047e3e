import Diagnosis
import IncidentModel
import Settings
import TestKit
import Testing

@Suite("Whatever is found: the assistant")
struct AssistantPropertyTests {
  let assistant = BuiltInAssistant()

  /// Every seed is one dialogue with answers by chance.
  func dialogues(_ check: (Dossier, [ToolCall], Diagnosis) throws -> Void) rethrows {
    for seed in 0..<4000 as Range<UInt64> {
      var chance = RandomCase(seed: seed)
      let dossier = chance.dossier()
      let (asked, diagnosis) = assistant.dialogue(dossier) { chance.finding($0, dossier.source) }
      try check(dossier, asked, diagnosis)
    }
  }

  @Test("asks at most five times, never the same twice, and only what the source can answer")
  func bounded() {
    dialogues { dossier, asked, _ in
      #expect(asked.count <= Exchange.limit)
      #expect(Set(asked).count == asked.count)
      #expect(asked.allSatisfy { $0.tool.sourceKind == dossier.source.kind })
    }
  }

  @Test("a remedy is what the catalogue renders, and stays within what the config declares")
  func remedies() throws {
    var seen: Set<String> = []
    try dialogues { dossier, _, diagnosis in
      guard let remedy = diagnosis.remedy else { return }
      seen.insert(remedy.runbook)
      let runbook = try #require(RunbookCatalogue.builtIn.first { $0.name == remedy.runbook })
      #expect(try runbook.render(remedy.parameters, target: "shop") == remedy.steps)
      #expect(diagnosis.confidence >= 0.6)
      for step in remedy.steps { check(step.action, dossier.source) }
    }
    #expect(
      seen == [
        "free-leaked-connections", "end-long-transactions", "cancel-slow-queries", "clear-cache-keys",
        "clean-folder",
      ], "chance must have met every runbook for this to say anything")
  }

  private func check(_ action: Action, _ source: SourceFacts) {
    switch action {
    case .terminateBackends(let filter):
      #expect(filter.state?.hasPrefix("idle in transaction") == true)
      #expect(filter.olderThanSeconds >= 5)
      checkApplication(filter)
    case .cancelQueries(let filter):
      #expect(filter.olderThanSeconds >= 1)
      checkApplication(filter)
    case .setTimeouts(let limits):
      #expect(Shown.isPlain(limits.role, limit: 128))
      #expect(limits.statementSeconds.map { $0 >= 1 && $0 <= 86_400 } ?? false)
    case .clearCache(let filter):
      #expect(source.clearable.contains(filter.pattern))
      #expect(filter.pattern != "*" && filter.pattern != "?*")
    case .deleteFiles(let filter):
      let folder = source.folders.first { $0.path == filter.folder }
      #expect(folder?.deletable.contains(filter.pattern) == true)
      #expect(filter.olderThanSeconds >= 3600)
    default: Issue.record("an action of another kind: \(action.kind)")
    }
  }

  private func checkApplication(_ filter: SessionFilter) {
    let name = filter.application ?? ""
    #expect(!name.isEmpty)
    #expect(!["payments", "storefront"].contains(name.lowercased().filter { $0 != " " }))
    #expect(!name.hasPrefix("aiops"))
    #expect(!PlainText.hasControlCharacters(name))
  }

  @Test("what people read is bounded, shows every character, and can be asked again")
  func texts() {
    dialogues { _, _, diagnosis in
      #expect(!diagnosis.hypotheses.isEmpty)
      #expect(!diagnosis.recommendations.isEmpty)
      let confidences = diagnosis.hypotheses.map(\.confidence)
      #expect(confidences == confidences.sorted(by: >))
      #expect(confidences.allSatisfy { (0...0.99).contains($0) })
      for hypothesis in diagnosis.hypotheses {
        #expect(isReadable(hypothesis.cause, limit: 601 * 2))
        for evidence in hypothesis.evidence {
          #expect(isReadable(evidence.statement, limit: 4000))
          #expect(!evidence.query.isEmpty)
        }
      }
      #expect(diagnosis.recommendations.allSatisfy { isReadable($0, limit: 1000) })
    }
  }

  private func isReadable(_ text: String, limit: Int) -> Bool {
    !text.isEmpty && text.unicodeScalars.count <= limit && !PlainText.hasControlCharacters(text)
  }

  @Test("the same dossier always gets the same turn")
  func deterministic() {
    for seed in 0..<300 as Range<UInt64> {
      var chance = RandomCase(seed: seed)
      var dossier = chance.dossier()
      while case .ask(_, let call) = assistant.next(dossier) {
        #expect(assistant.next(dossier) == assistant.next(dossier))
        dossier.findings.append(chance.finding(call, dossier.source))
        dossier.findings[dossier.findings.count - 1].call = call
      }
      #expect(assistant.next(dossier) == assistant.next(dossier))
    }
  }
}
