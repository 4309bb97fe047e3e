import IncidentModel

extension EngineState {
  /// Where two states differ in what the journal speaks of; `nil` when they are the same to the last bit.
  ///
  /// Workers are not in the journal, and neither is until when a lease was renewed.
  package func difference(from other: EngineState) -> String? {
    func unlike<T: Equatable>(_ name: String, _ a: T, _ b: T) -> String? {
      a == b
        ? nil : "\(name): \(String(describing: a).prefix(300)) is not \(String(describing: b).prefix(300))"
    }
    if let found = unlike("sequence", sequence, other.sequence) { return found }
    if let found = unlike("numbers", numbers, other.numbers) { return found }
    if let found = unlike("last token", lastToken, other.lastToken) { return found }
    if let found = unlike("announcements", announcements, other.announcements) { return found }
    if let found = unlike("told", told, other.told) { return found }
    if let found = unlike("series", openByFingerprint, other.openByFingerprint) { return found }
    if let found = unlike("groups", openByGroup, other.openByGroup) { return found }
    if let found = unlike("ends", endedByFingerprint, other.endedByFingerprint) { return found }
    if let found = unlike("quiet", quiet, other.quiet) { return found }
    if let found = unlike("signals", remembered, other.remembered) { return found }
    if let found = unlike("ended", ended, other.ended) { return found }
    if let found = unlike("runs", runs, other.runs) { return found }
    if let found = unlike("access", access, other.access) { return found }
    if let found = unlike(
      "waiting", waiting.filter { !$0.value.isEmpty }, other.waiting.filter { !$0.value.isEmpty })
    {
      return found
    }
    if let extra = other.records.keys.first(where: { records[$0] == nil }) { return "\(extra) is too much" }
    for (id, record) in records {
      guard let twin = other.records[id] else { return "\(id) is missing" }
      if let found = record.difference(from: twin) { return "\(id) \(found)" }
    }
    return nil
  }
}

extension IncidentRecord {
  func difference(from other: IncidentRecord) -> String? {
    var job = job
    var otherJob = other.job
    job?.lease?.expires = Timestamp(milliseconds: 0)
    otherJob?.lease?.expires = Timestamp(milliseconds: 0)
    if incident != other.incident { return "as people see it" }
    if job != otherJob { return "job" }
    if escalation != other.escalation { return "escalation" }
    if approvalDeadline != other.approvalDeadline || settlesAt != other.settlesAt
      || answerEnd != other.answerEnd
    {
      return "deadlines"
    }
    if opening != other.opening { return "opening" }
    if group != other.group || lastSignalAt != other.lastSignalAt { return "correlation" }
    if overflow != other.overflow { return "series beyond the symptoms" }
    if verifiable != other.verifiable || intents != other.intents { return "steps" }
    return finishedToken == other.finishedToken ? nil : "finished token"
  }
}
