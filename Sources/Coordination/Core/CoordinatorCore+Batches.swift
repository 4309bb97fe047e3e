import IncidentEngine
package import IncidentModel
import MessageBus

/// The way of what was decided: into the journal, then out.
extension CoordinatorCore {
  /// Batches under way at once at the most: while one becomes durable, the next is decided.
  package static let depth = 2

  /// A batch that is decided and not committed yet.
  struct Underway: Sendable {
    let batch: CoreBatch
    let letters: [Letter]
    let decisions: [Decision]
    /// What readers see once it is durable; the engine may be ahead by then.
    let touched: [TouchedIncident]
  }

  /// An incident as it is after a batch.
  struct TouchedIncident: Sendable {
    let id: IncidentID
    /// Of its latest event.
    let sequence: UInt64
    /// `nil` for one that the engine no longer keeps in memory.
    let incident: Incident?
  }

  /// Decides on what waits. Its events must be made durable before ``commit(_:asked:at:)``.
  /// - Returns: `nil` when nothing waits, ``depth`` batches are under way, or another coordinator leads.
  package mutating func begin(at now: Timestamp) -> CoreBatch? {
    guard underway.count < Self.depth, case .leading(let epoch) = role, !intake.isEmpty else { return nil }
    let letters = intake.take(signals: Self.batchSignals, letters: Self.batchLetters)
    let decisions = letters.map { engine.handle($0.input, at: now) }
    let events = decisions.flatMap(\.events)
    lastBatch += 1
    let batch = CoreBatch(number: lastBatch, epoch: epoch, events: events, at: now)
    underway.append(
      Underway(batch: batch, letters: letters, decisions: decisions, touched: touched(by: events)))
    return batch
  }

  /// A batch is durable: its effects leave, and those who wait are answered.
  /// - Parameters:
  ///   - batch: the oldest one under way; any other is refused, because then nothing may leave.
  ///   - asked: when the store was asked to append it; when it was decided unless said.
  package mutating func commit(
    _ batch: CoreBatch, asked: Timestamp? = nil, at now: Timestamp
  ) -> [CoreOutput] {
    guard let first = underway.first, first.batch.number == batch.number, epoch == batch.epoch else {
      return []
    }
    underway.removeFirst()
    // An append is a confirmation: the store takes it from the leader only.
    if !batch.events.isEmpty { confirmedAt = max(confirmedAt, asked ?? batch.at) }
    var outputs: [CoreOutput] = batch.events.isEmpty ? [] : [.durable(batch.events)]
    outputs += publish(first.touched)
    note(first.letters)
    for effect in first.decisions.flatMap(\.effects) { perform(effect, &outputs) }
    let trusted = isTrusted(at: now)
    for (letter, decision) in zip(first.letters, first.decisions)
    where trusted || !letter.origin.extendsRights {
      outputs += reply(decision.reply, to: letter.origin)
    }
    // What is left of a tick that had too much to do is done before anybody waits for the next one.
    if first.letters.contains(where: \.isTick), engine.isBehind(at: batch.at) {
      _ = put(Letter(input: .tick, origin: .nobody))
    }
    return outputs + deliveries(at: now)
  }

  /// Ends it: everybody who waits for a reply learns that there will be none.
  package mutating func abandon() -> [CoreOutput] {
    let letters = underway.flatMap(\.letters) + intake.drain()
    underway = []
    role = .following(nil)
    return letters.compactMap {
      if case .caller(let number) = $0.origin { .answer(number, nil) } else { nil }
    }
  }

  private mutating func perform(_ effect: EngineEffect, _ outputs: inout [CoreOutput]) {
    switch effect {
    case .work(let job, let instance): outputs.append(.send(.work(job), to: connection(of: instance)))
    case .revoke(let lease, let instance, let reason):
      outputs.append(.send(.revoked(lease, reason: reason), to: connection(of: instance)))
    case .announce(let announcement): announce(announcement)
    }
  }

  // MARK: Readers

  /// The incidents that events were about, as they are now, in the order of their latest events.
  func touched(by events: [EngineEvent]) -> [TouchedIncident] {
    var seen: Set<IncidentID> = []
    var touched: [TouchedIncident] = []
    for event in events.reversed() {
      guard let id = event.incident, seen.insert(id).inserted else { continue }
      touched.append(
        TouchedIncident(id: id, sequence: event.sequence, incident: engine.state.records.incident(id)))
    }
    return touched.reversed()
  }

  /// Shows subscribers what is durable now.
  private mutating func publish(_ touched: [TouchedIncident]) -> [CoreOutput] {
    let changes = show(touched)
    guard !changes.isEmpty else { return [] }
    return [.changed(changes)]
      + changes.map { change in
        changeSequence += 1
        return .publish(
          Change(
            sequence: changeSequence, coordinator: term,
            incident: IncidentDigest(change.incident)))
      }
  }

  /// Takes the touched incidents over into ``views``.
  mutating func show(_ touched: [TouchedIncident]) -> [IncidentChange] {
    var changes: [IncidentChange] = []
    for touched in touched {
      let before = views.removeValue(forKey: touched.id)
      if let before {
        counts.remove(before)
        index.remove(before)
      }
      openTargets.change(from: before, to: touched.incident)
      guard let incident = touched.incident else { continue }
      views[touched.id] = incident
      counts.add(incident)
      index.insert(incident)
      changes.append(IncidentChange(sequence: touched.sequence, incident: incident))
    }
    // Incidents that the engine no longer keeps in memory are read from the journal.
    if views.count > engine.state.records.count + 256 {
      for (id, incident) in views where engine.state.records.incident(id) == nil {
        views[id] = nil
        openTargets.change(from: incident, to: nil)
        counts.remove(incident)
        index.remove(incident)
      }
    }
    return changes
  }
}
