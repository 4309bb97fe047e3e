import FoundationEssentials
import IncidentEngine
import IncidentModel

extension Fact {
  /// The fact as `encoder`, one of ``JSONCoding``, writes it: the common ones by hand, byte for byte the same.
  /// - Throws: what the encoder throws for numbers that JSON can't say.
  func json(_ encoder: JSONEncoder) throws -> String {
    var json = JSONText()
    if json.write(self) { return String(decoding: json.bytes, as: UTF8.self) }
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}

extension JSONText {
  /// Writes a fact; its keys are in order, as the encoder sorts them.
  /// - Returns: false for one that is not written by hand; what was written then is void.
  fileprivate mutating func write(_ fact: Fact) -> Bool {
    switch fact {
    case .opened(let signal, let autonomy):
      raw(#"{"opened":{"autonomy":"#)
      text(autonomy.rawValue)
      raw(#","signal":"#)
      guard write(signal) else { return false }
    case .signalled(let signal):
      raw(#"{"signalled":{"signal":"#)
      guard write(signal) else { return false }
    case .noted(let signal, let reason):
      raw(#"{"noted":{"reason":"#)
      text(reason)
      raw(#","signal":"#)
      guard write(signal) else { return false }
    case .queued(let job, let deadline):
      raw(#"{"queued":{"deadline":"#)
      time(deadline)
      raw(#","job":"#)
      text(job.rawValue)
    case .leased(let lease, let worker, let instance, let attempt, let expires):
      raw(#"{"leased":{"attempt":"#)
      whole(attempt)
      raw(#","expires":"#)
      time(expires)
      raw(#","instance":"#)
      text(instance)
      raw(#","lease":"#)
      write(lease)
      raw(#","worker":"#)
      text(worker)
    case .leaseLost(let token, let reason):
      raw(#"{"lease_lost":{"reason":"#)
      text(reason)
      raw(#","token":"#)
      whole(token)
    case .jobEnded(let token, let reason):
      raw(#"{"job_ended":{"reason":"#)
      text(reason)
      if let token {
        raw(#","token":"#)
        whole(token)
      }
    case .settling(let until):
      raw(#"{"settling":{"until":"#)
      time(until)
    case .unsettled: raw(#"{"unsettled":{"#)
    case .resolved(let auto, let reason):
      raw(#"{"resolved":{"auto":"#)
      bool(auto)
      raw(#","reason":"#)
      text(reason)
    case .escalated(let reason):
      raw(#"{"escalated":{"reason":"#)
      text(reason)
    default: return false
    }
    raw("}}")
    return true
  }

  private mutating func write(_ lease: Lease) {
    raw(#"{"incident":"#)
    text(lease.incident.text)
    raw(#","kind":"#)
    text(lease.kind.rawValue)
    raw(#","token":"#)
    whole(lease.token)
    raw("}")
  }

  private mutating func write(_ signal: Signal) -> Bool {
    raw(#"{"breached_since":"#)
    time(signal.breachedSince)
    raw(#","detector":"#)
    text(signal.detector)
    raw(#","fingerprint":"#)
    text(signal.fingerprint.text)
    raw(#","id":"#)
    text(signal.id)
    raw(#","labels":{"#)
    var isFirst = true
    // By their bytes, as the encoder sorts keys, and not as Swift compares texts.
    let labels = signal.labels.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    for (name, value) in labels {
      if !isFirst { raw(",") }
      isFirst = false
      text(name)
      raw(":")
      text(value)
    }
    raw(#"},"metric":"#)
    text(signal.metric)
    raw(#","observed_at":"#)
    time(signal.observedAt)
    raw(#","rule":"#)
    guard write(signal.rule) else { return false }
    raw(#","score":"#)
    guard number(signal.score) else { return false }
    raw(#","severity":"#)
    text(signal.severity.rawValue)
    raw(#","source":"#)
    text(signal.source)
    raw(#","state":"#)
    text(signal.state.rawValue)
    raw(#","unit":"#)
    text(signal.unit)
    raw(#","value":"#)
    guard number(signal.value) else { return false }
    raw("}")
    return true
  }

  private mutating func write(_ rule: SignalRule) -> Bool {
    raw(#"{"clear_threshold":"#)
    guard number(rule.clearThreshold) else { return false }
    raw(#","condition":"#)
    text(rule.condition.rawValue)
    raw(#","kind":"#)
    text(rule.kind.rawValue)
    raw(#","text":"#)
    text(rule.text)
    raw(#","threshold":"#)
    guard number(rule.threshold) else { return false }
    raw("}")
    return true
  }
}
