import IncidentModel

extension PBEvidence: WirePart {
  init(_ evidence: Evidence) {
    statement = WireRules.cut(evidence.statement)
    query = WireRules.cut(evidence.query)
    tool = evidence.tool
    observedAt = evidence.observedAt.milliseconds
  }

  func model() throws(WireError) -> Evidence {
    Evidence(
      statement: try WireRules.prose(statement, "evidence.statement"),
      query: try WireRules.prose(query, "evidence.query"),
      tool: try WireRules.word(tool, "evidence.tool"),
      observedAt: try WireRules.time(observedAt, "evidence.observed_at"))
  }
}

extension PBHypothesis: WirePart {
  init(_ hypothesis: Hypothesis) {
    cause = WireRules.cut(hypothesis.cause)
    if let family = hypothesis.family { self.family = family.number }
    confidence = hypothesis.confidence
    evidence = hypothesis.evidence.map(PBEvidence.init)
  }

  func model() throws(WireError) -> Hypothesis {
    Hypothesis(
      cause: try WireRules.prose(cause, "hypothesis.cause"),
      family: hasFamily ? try ProblemFamily(family, "hypothesis.family") : nil,
      confidence: try WireRules.share(confidence, "hypothesis.confidence"),
      evidence: try WireRules.list(evidence, "hypothesis.evidence"))
  }
}

extension PBParameterValue: WirePart {
  init(_ value: ParameterValue) {
    switch value {
    case .text(let text): self.value = .text(text)
    case .number(let number): self.value = .number(number)
    }
  }

  func model() throws(WireError) -> ParameterValue {
    switch value {
    case .text(let text): .text(try WireRules.prose(text, "parameter.text"))
    case .number(let number): .number(try WireRules.finite(number, "parameter.number"))
    case nil: throw .missing(field: "parameter.value")
    }
  }
}

extension PBRemedy: WirePart {
  init(_ remedy: Remedy) {
    runbook = remedy.runbook
    parameters = remedy.parameters.mapValues(PBParameterValue.init)
    steps = remedy.steps.map(PBPlannedStep.init)
  }

  func model() throws(WireError) -> Remedy {
    var values: [String: ParameterValue] = [:]
    for (name, value) in try WireRules.limited(parameters, "remedy.parameters") {
      values[try WireRules.name(name, "remedy.parameters")] = try value.model()
    }
    return Remedy(
      runbook: try WireRules.name(runbook, "remedy.runbook"), parameters: values,
      steps: try WireRules.list(steps, "remedy.steps"))
  }
}

extension PBDiagnosis: WirePart {
  init(_ diagnosis: Diagnosis) {
    hypotheses = diagnosis.hypotheses.map(PBHypothesis.init)
    if let remedy = diagnosis.remedy { self.remedy = PBRemedy(remedy) }
    recommendations = diagnosis.recommendations.map(WireRules.cut)
  }

  func model() throws(WireError) -> Diagnosis {
    if hypotheses.isEmpty { throw .missing(field: "diagnosis.hypotheses") }
    return Diagnosis(
      hypotheses: try WireRules.list(hypotheses, "diagnosis.hypotheses"),
      remedy: try WireRules.optional(hasRemedy, remedy),
      recommendations: try WireRules.proses(recommendations, "diagnosis.recommendations"))
  }
}

extension PBExchange: WirePart {
  init(_ exchange: Exchange) {
    number = Int64(exchange.number)
    question = WireRules.cut(exchange.question)
    tool = exchange.tool
    query = WireRules.cut(exchange.query)
    finding = WireRules.cut(exchange.finding)
    at = exchange.at.milliseconds
  }

  func model() throws(WireError) -> Exchange {
    guard (1...Int64(Exchange.limit)).contains(number) else {
      throw .outOfRange(field: "exchange.number", reason: "is not from 1 to \(Exchange.limit)")
    }
    return Exchange(
      number: Int(number), question: try WireRules.prose(question, "exchange.question"),
      tool: try WireRules.word(tool, "exchange.tool"),
      query: try WireRules.prose(query, "exchange.query"),
      finding: try WireRules.prose(finding, "exchange.finding"),
      at: try WireRules.time(at, "exchange.at"))
  }
}
