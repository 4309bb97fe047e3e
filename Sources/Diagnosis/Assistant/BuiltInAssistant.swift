import IncidentModel

/// The assistant that needs nothing but the findings: one decision procedure for each family of trouble.
package struct BuiltInAssistant: Assistant {
  /// The assistant.
  package init() {}

  package func next(_ dossier: Dossier) -> AssistantTurn {
    let procedure = Self.procedure(for: dossier)
    if dossier.mayAsk, dossier.findings.count < Exchange.limit,
      let question = procedure.question(dossier),
      question.call.tool.sourceKind == dossier.source.kind,
      !dossier.findings.contains(where: { $0.call == question.call })
    {
      return .ask(question: question.text, tool: question.call)
    }
    return .conclude(Conclusion(dossier).diagnosis(of: procedure.candidates(dossier)))
  }

  /// The procedure for the incident's worst symptom on this kind of source.
  static func procedure(for dossier: Dossier) -> any Procedure {
    let metric = dossier.symptom?.metric ?? ""
    let name = metric.lowercased()
    switch (ProblemFamily(metric: metric), dossier.source.kind) {
    case (.availability, _): return AvailabilityProcedure()
    case (.connectionPool, .postgres):
      return name.contains("longest_transaction") ? TransactionProcedure() : ConnectionProcedure()
    case (.slowQueries, .postgres): return SlowQueryProcedure()
    case (.memory, .redis): return CacheMemoryProcedure()
    case (.memory, .host): return HostMemoryProcedure()
    case (.cpu, .host): return CPUProcedure()
    case (.disk, .host): return DiskProcedure()
    default: return GeneralProcedure()
    }
  }
}
