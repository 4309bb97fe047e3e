import FoundationEssentials
import IncidentEngine
import IncidentModel

extension Fact {
  /// The fact that a journal's payload is.
  ///
  /// What is written by hand is read by hand; everything else, and everything that looks the least
  /// different, by `decoder`, one of ``JSONCoding``.
  /// - Throws: what the decoder throws for a payload that is no fact.
  init(json payload: String, _ decoder: JSONDecoder) throws {
    let read = payload.utf8.withContiguousStorageIfAvailable { bytes -> Fact? in
      var scanner = JSONScanner(bytes: bytes)
      return scanner.fact()
    }
    if case .some(.some(let fact)) = read {
      self = fact
    } else if let reason = JSONGuard.objection(to: Array(payload.utf8)) {
      throw StoreError.corrupt(path: "journal", detail: "a record is not what was written: \(reason)")
    } else {
      self = try decoder.decode(Fact.self, from: Data(payload.utf8))
    }
  }
}

extension JSONScanner {
  /// A fact in the writer's own words; `nil` for every other.
  fileprivate mutating func fact() -> Fact? {
    guard skip("{\""), let fact = body(), skip("}"), change(), skip("}"), isAtEnd else { return nil }
    return fact
  }

  /// Goes over what the event changed, where it is said; nothing is decided by it.
  /// - Returns: false for anything else.
  private mutating func change() -> Bool {
    guard skip(#","change":{"after":"#) else { return true }
    guard texts() != nil, skip(#","before":"#), texts() != nil else { return false }
    if skip(#","why":"#), text() == nil { return false }
    return skip("}")
  }

  private mutating func body() -> Fact? {
    if skip(#"signalled":{"signal":"#) { return signal().map { .signalled(signal: $0) } }
    if skip(#"opened":{"autonomy":"#) {
      guard let autonomy: Autonomy = word(), skip(#","signal":"#), let signal = signal() else { return nil }
      return .opened(signal: signal, autonomy: autonomy)
    }
    if skip(#"queued":{"deadline":"#) {
      guard let deadline = time(), skip(#","job":"#), let job: JobKind = word() else { return nil }
      return .queued(job: job, deadline: deadline)
    }
    if skip(#"noted":{"reason":"#) {
      guard let reason = text(), skip(#","signal":"#), let signal = signal() else { return nil }
      return .noted(signal: signal, reason: reason)
    }
    if skip(#"settling":{"until":"#) { return time().map { .settling(until: $0) } }
    if skip(#"escalated":{"reason":"#) { return text().map { .escalated(reason: $0) } }
    return nil
  }

  private mutating func signal() -> Signal? {
    guard skip(#"{"breached_since":"#), let breachedSince = time(),
      skip(#","detector":"#), let detector = text(),
      skip(#","fingerprint":"#), let fingerprint = text(),
      skip(#","id":"#), let id = text(),
      skip(#","labels":"#), let labels = texts(),
      skip(#","metric":"#), let metric = text(),
      skip(#","observed_at":"#), let observedAt = time(),
      skip(#","rule":"#), let rule = rule(),
      skip(#","score":"#), let score = number(),
      skip(#","severity":"#), let severity: Severity = word(),
      skip(#","source":"#), let source = text(),
      skip(#","state":"#), let state: Signal.State = word(),
      skip(#","unit":"#), let unit = text(),
      skip(#","value":"#), let value = number(), skip("}")
    else { return nil }
    return Signal(
      id: id, fingerprint: Fingerprint(text: fingerprint), state: state, metric: metric, source: source,
      labels: labels, value: value, unit: unit, rule: rule, score: score, severity: severity,
      observedAt: observedAt, breachedSince: breachedSince, detector: detector)
  }

  private mutating func rule() -> SignalRule? {
    guard skip(#"{"clear_threshold":"#), let clearThreshold = number(),
      skip(#","condition":"#), let condition: Condition = word(),
      skip(#","kind":"#), let kind: SignalRule.Kind = word(),
      skip(#","text":"#), let text = text(),
      skip(#","threshold":"#), let threshold = number(), skip("}")
    else { return nil }
    return SignalRule(
      kind: kind, condition: condition, threshold: threshold, clearThreshold: clearThreshold, text: text)
  }
}
