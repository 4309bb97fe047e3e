import IncidentModel

/// A machine's memory: which program takes it? There is no runbook for processes, so people act.
struct HostMemoryProcedure: Procedure {
  func question(_ dossier: Dossier) -> Question? {
    dossier.asked(.hostTopProcesses) == 0
      ? Question("Which programs take the memory?", .hostTopProcesses) : nil
  }

  func candidates(_ dossier: Dossier) -> [Candidate] {
    guard let found = dossier.found(.hostTopProcesses), case .processes(let result)? = found.result,
      result.memoryUsed > 0, let top = result.programs.max(by: { $0.bytes < $1.bytes })
    else { return [] }
    // Shared pages count for each process, so a sum can be more than there is.
    let bytes = min(top.bytes, result.memoryUsed)
    let others = result.programs.reduce(0) { $0 + ($1.name == top.name ? 0 : $1.bytes) }
    var confidence = Confidence(
      explaining: Double(bytes), of: Double(result.memoryUsed), seenOn: Double(result.programs.count))
    if result.swapTotal > 0 { confidence.weigh(result.swapUsed * 2 > result.swapTotal ? true : nil) }
    var candidates = [
      Candidate(
        cause: "\(top.processes == 1 ? "Process" : "\(top.processes) processes") \(Shown.name(top.name)) "
          + "\(top.processes == 1 ? "takes" : "take") \(Figure.bytes(top.bytes)) of the "
          + "\(Figure.bytes(result.memoryUsed)) in use",
        family: .memory, confidence: confidence, evidence: [found.evidence] + dossier.symptomEvidence,
        advice: ["Restart or stop \(Shown.name(top.name)) (pid \(top.pid)) if it leaks"])
    ]
    if bytes * 2 < result.memoryUsed {
      candidates.append(
        Candidate(
          cause: "No single program takes most of the memory: the largest, \(Shown.name(top.name)), has "
            + "\(Figure.bytes(top.bytes)) of \(Figure.bytes(result.memoryUsed)), the others shown "
            + Figure.bytes(others),
          family: .memory,
          confidence: Confidence(
            explaining: Double(result.memoryUsed - bytes), of: Double(result.memoryUsed),
            seenOn: Double(result.programs.count)),
          evidence: [found.evidence] + dossier.symptomEvidence))
    }
    return candidates
  }
}

/// A machine's CPU: which program keeps it busy, or does it wait for something else?
struct CPUProcedure: Procedure {
  func question(_ dossier: Dossier) -> Question? {
    dossier.asked(.hostTopProcesses) == 0
      ? Question("Which programs keep the cores busy?", .hostTopProcesses) : nil
  }

  func candidates(_ dossier: Dossier) -> [Candidate] {
    guard let found = dossier.found(.hostTopProcesses), case .processes(let result)? = found.result,
      result.cores > 0
    else { return [] }
    let busy = result.busy * Double(result.cores)
    let evidence = [found.evidence] + dossier.symptomEvidence
    if result.busy < 0.5, result.load > Double(result.cores) {
      return [
        Candidate(
          cause: "The load is \(Figure.decimal(result.load)) on \(result.cores) cores that are only "
            + "\(Figure.percent(result.busy)) busy: processes wait, most likely for the disk",
          family: .cpu,
          confidence: Confidence(
            explaining: result.load - busy, of: result.load, seenOn: Double(result.cores)),
          evidence: evidence, advice: ["See which processes are in state D: ps -eo state,pid,comm | grep ^D"])
      ]
    }
    guard busy > 0, let top = result.programs.max(by: { $0.cores < $1.cores }), top.cores > 0 else {
      return []
    }
    // Clock ticks that were counted: 100 a second and core.
    var confidence = Confidence(
      explaining: min(top.cores, busy), of: busy, seenOn: busy * 100)
    if let symptom = dossier.symptom, symptom.metric == "host_cpu_usage" {
      confidence.weigh(symptom.rule.isBreached(result.busy * 100))
    }
    return [
      Candidate(
        cause: top.cores * 2 > busy
          ? "\(Shown.name(top.name)) (\(top.processes) \(top.processes == 1 ? "process" : "processes"), pid "
            + "\(top.pid)) takes \(Figure.decimal(top.cores)) of \(Figure.decimal(busy)) busy cores"
          : "No single program keeps the \(Figure.decimal(busy)) busy cores busy; the first, "
            + "\(Shown.name(top.name)), takes \(Figure.decimal(top.cores))",
        family: .cpu, confidence: confidence, evidence: evidence)
    ]
  }
}
