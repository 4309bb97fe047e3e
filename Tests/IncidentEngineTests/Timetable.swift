import IncidentModel

/// The timetable of a policy written out: every moment of it, one after the other.
///
/// Knows nothing of the engine's pointers: loops are unrolled into a plain list of words first.
struct Timetable {
  /// The time since the moment before, and who is told.
  typealias Moment = (after: Duration, told: [String])

  let moments: [Moment]

  init(_ policy: EscalationPolicy, atLeast count: Int = 400) {
    enum Word {
      case tell(String)
      case wait(Duration)
    }
    func name(_ step: EscalationPolicy.Step) -> String? {
      switch step {
      case .notify(let name, _): name
      case .notifyOnCall(let schedule, _): "on call: \(schedule)"
      case .wait, .repeatFrom: nil
      }
    }
    func words(_ steps: some Sequence<EscalationPolicy.Step>) -> [Word] {
      steps.compactMap { step in
        if case .wait(let time) = step { return .wait(time) }
        return name(step).map(Word.tell)
      }
    }
    var line: [Word] = []
    for (index, step) in policy.steps.enumerated() {
      if case .repeatFrom(let from, let times) = step {
        let loop = words(policy.steps[(from - 1)..<index])
        for _ in 0..<(times ?? count) { line += loop }
      } else {
        line += words([step])
      }
    }
    let last = policy.steps.compactMap(name).last ?? ""
    let pause = policy.steps.reversed().compactMap { step -> Duration? in
      if case .wait(let time) = step { time } else { nil }
    }.first
    // What comes after the end.
    if case .wait = line.last { line.append(.tell(last)) }
    for _ in 0..<count { line += [.wait(pause ?? .seconds(300)), .tell(last)] }

    var moments: [Moment] = [(.zero, [])]
    for word in line {
      switch word {
      case .wait(let time) where moments[moments.count - 1].told.isEmpty && moments.count > 1:
        moments[moments.count - 1].after += time
      case .wait(let time): moments.append((time, []))
      case .tell(let name): moments[moments.count - 1].told.append(name)
      }
    }
    self.moments = moments
  }
}
