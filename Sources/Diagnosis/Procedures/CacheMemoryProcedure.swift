import IncidentModel

/// A cache at its memory limit: does one kind of key fill it, and was it meant to stay for ever?
///
/// 1. Memory, limit, policy. 2. A sample of the keys by prefix, with size and expiry.
struct CacheMemoryProcedure: Procedure {
  func question(_ dossier: Dossier) -> Question? {
    if dossier.asked(.cacheMemory) == 0 {
      return Question(
        "How full is \(Shown.name(dossier.source.name)), and what does it do at its limit?", .cacheMemory)
    }
    if dossier.found(.cacheMemory) != nil, dossier.asked(.cacheLargestKeys) == 0 {
      return Question("Which keys take the memory, and do they expire?", .cacheLargestKeys)
    }
    return nil
  }

  func candidates(_ dossier: Dossier) -> [Candidate] {
    guard let found = dossier.found(.cacheMemory), case .cacheMemory(let memory)? = found.result else {
      return []
    }
    if let passed = passed(dossier, found, memory) { return [passed] }
    return [
      filled(dossier, found, memory), fragmented(dossier, found, memory), spread(dossier, found, memory),
    ].compactMap { $0 }
  }

  private func rule(_ dossier: Dossier) -> SignalRule? {
    guard let symptom = dossier.symptom, symptom.metric == "cache_memory_usage" else { return nil }
    return symptom.rule
  }

  private func passed(_ dossier: Dossier, _ found: Finding, _ memory: CacheMemoryResult) -> Candidate? {
    guard let usage = memory.usage(), rule(dossier)?.isRecovered(usage) == true else { return nil }
    return Candidate(
      cause: "The memory came free by itself: \(Figure.bytes(memory.usedBytes)) of "
        + "\(Figure.bytes(memory.maximumBytes)) are in use now (\(Figure.decimal(usage)) %)",
      family: .memory, confidence: Confidence(explaining: 1, of: 1, seenOn: 10),
      evidence: [found.evidence] + dossier.symptomEvidence)
  }

  /// Keys of one prefix, most of them without expiry, take most of the sample.
  private func filled(
    _ dossier: Dossier, _ memoryFinding: Finding, _ memory: CacheMemoryResult
  ) -> Candidate? {
    guard let found = dossier.found(.cacheLargestKeys), case .keys(let keys)? = found.result,
      let group = keys.groups.first, keys.sampledBytes > 0, group.keys > 0
    else { return nil }
    let ofSample = Double(group.bytes) / Double(keys.sampledBytes)
    // A part of the keys is not the same part of the memory.
    let share = ofSample * keys.share(of: memory)
    let bytes = share * Double(memory.usedBytes)
    let staying = Double(group.withoutExpiry) / Double(group.keys)
    // From the sample to the whole: as many keys, as much of the memory.
    let count = Double(group.keys) / Double(max(1, keys.sampled)) * Double(keys.total)
    var confidence = Confidence(explaining: share, of: 1, seenOn: Double(keys.sampled))
    confidence.weigh(staying > 0.5)
    var evidence = [found.evidence, memoryFinding.evidence]
    if let rest = memory.usage(without: bytes), let rule = rule(dossier) {
      confidence.weigh(rule.isRecovered(rest))
      evidence.append(
        found.evidence(
          "without them about \(Figure.decimal(rest)) % of the limit would be in use, by the sample"))
    }
    let prefix = Shown.name(group.prefix)
    let isCulprit = share > 0.5 && staying > 0.5
    // The sample is of one database; keys of others are neither seen nor cleared.
    let isWhole = Double(keys.total) >= 0.9 * Double(memory.keys)
    let pattern = isCulprit && isWhole ? Self.pattern(for: group, in: keys, dossier.source.clearable) : nil
    return Candidate(
      cause: "Keys that begin with \(prefix) take \(Figure.percent(share)) of the memory, about "
        + "\(Int64(min(count, 1e15))) keys, and \(Figure.percent(staying)) of them never expire",
      family: .memory, confidence: confidence, evidence: evidence + dossier.symptomEvidence,
      proposal: pattern.map { pattern in
        Proposal(
          runbook: "clear-cache-keys", parameters: ["pattern": .text(pattern)],
          limit: (count * 1.1 + 10).rounded())
      },
      advice: advice(prefix, isCulprit: isCulprit, isWhole: isWhole, hasPattern: pattern != nil))
  }

  private func advice(_ prefix: String, isCulprit: Bool, isWhole: Bool, hasPattern: Bool) -> [String] {
    guard isCulprit else { return [] }
    var advice = ["Let whatever writes \(prefix)… give its keys an expiry"]
    if !isWhole {
      advice.append("No runbook is proposed: much of the cache is in databases that were not looked at")
    } else if !hasPattern {
      advice.append(
        "No runbook is proposed: the config declares no pattern clearable that matches these keys and no others"
      )
    }
    return advice
  }

  /// The declared pattern that matches all of the group and hardly anything else.
  ///
  /// A pattern is never made from a key's name: a key may be called `*`.
  static func pattern(for group: KeyGroup, in keys: KeysResult, _ clearable: [String]) -> String? {
    clearable.filter { pattern in
      guard Glob.isSelective(pattern), group.matched[pattern] == group.keys,
        let all = keys.patterns.first(where: { $0.pattern == pattern })
      else { return false }
      return Double(all.keys) <= Double(group.keys) * 1.05
    }.min { a, b in
      let counts = (of(a, keys), of(b, keys))
      return counts.0 != counts.1 ? counts.0 < counts.1 : a < b
    }
  }

  private static func of(_ pattern: String, _ keys: KeysResult) -> Int {
    keys.patterns.first { $0.pattern == pattern }?.keys ?? .max
  }

  /// Much of the memory is between the keys.
  private func fragmented(_ dossier: Dossier, _ found: Finding, _ memory: CacheMemoryResult) -> Candidate? {
    guard memory.fragmentation > 1.5, memory.usedBytes > 64 << 20 else { return nil }
    let lost = 1 - 1 / memory.fragmentation
    return Candidate(
      cause: "The server holds \(Figure.decimal(memory.fragmentation)) times the memory that its keys need",
      family: .memory, confidence: Confidence(explaining: lost, of: 1, seenOn: 1),
      evidence: [found.evidence] + dossier.symptomEvidence, advice: ["Switch active defragmentation on"])
  }

  /// No kind of key stands out: the cache is as full as its load makes it.
  private func spread(_ dossier: Dossier, _ found: Finding, _ memory: CacheMemoryResult) -> Candidate? {
    guard let keysFinding = dossier.found(.cacheLargestKeys), case .keys(let keys)? = keysFinding.result,
      keys.sampledBytes > 0, let first = keys.groups.first
    else { return nil }
    let rest = 1 - Double(first.bytes) / Double(keys.sampledBytes)
    guard rest > 0.3 else { return nil }
    let explained = rest * keys.share(of: memory)
    return Candidate(
      cause: "Keys of \(keys.groups.count) kinds share the memory, none of them with more than "
        + "\(Figure.percent(1 - rest)): the load needs more than \(Figure.bytes(memory.maximumBytes))",
      family: .memory, confidence: Confidence(explaining: explained, of: 1, seenOn: Double(keys.sampled)),
      evidence: [keysFinding.evidence, found.evidence] + dossier.symptomEvidence,
      advice: memory.policy == "noeviction"
        ? ["Choose an eviction policy: noeviction refuses writes when full"] : [])
  }
}
