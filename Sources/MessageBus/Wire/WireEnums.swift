import IncidentModel
import SwiftProtobuf

/// A choice of the model, with its numbers on the wire.
protocol WireChoice: Equatable {
  associatedtype Number: SwiftProtobuf.Enum
  /// Every case with its number.
  static var numbers: [(Self, Number)] { get }
}

extension WireChoice {
  /// The number on the wire; 0, which nobody accepts, for a case that ``numbers`` lacks.
  var number: Number { Self.numbers.first { $0.0 == self }?.1 ?? Number() }

  /// The case of a number.
  init(_ number: Number, _ field: String) throws(WireError) {
    if number.rawValue == 0 { throw .missing(field: field) }
    guard let pair = Self.numbers.first(where: { $0.1 == number }) else {
      throw .outOfRange(field: field, reason: "is \(number.rawValue), which is no known choice")
    }
    self = pair.0
  }
}

extension AgentKind: WireChoice {
  static let numbers: [(Self, PBAgentKind)] = [
    (.coordinator, .coordinator), (.detector, .detector), (.diagnoser, .diagnoser), (.resolver, .resolver),
  ]
}

extension JobKind: WireChoice {
  static let numbers: [(Self, PBJobKind)] = [(.diagnose, .diagnose), (.resolve, .resolve)]
}

extension Severity: WireChoice {
  static let numbers: [(Self, PBSeverity)] = [
    (.critical, .critical), (.high, .high), (.medium, .medium), (.low, .low), (.info, .info),
  ]
}

extension Condition: WireChoice {
  static let numbers: [(Self, PBCondition)] = [(.above, .above), (.below, .below), (.equals, .equals)]
}

extension Signal.State: WireChoice {
  static let numbers: [(Self, PBSignalState)] = [(.raised, .raised), (.cleared, .cleared)]
}

extension SignalRule.Kind: WireChoice {
  static let numbers: [(Self, PBRuleKind)] = [
    (.threshold, .threshold), (.baseline, .baseline), (.sourceFailure, .sourceFailure), (.alert, .alert),
  ]
}

extension StepRecord.State: WireChoice {
  static let numbers: [(Self, PBStepState)] = [
    (.intended, .intended), (.succeeded, .succeeded), (.failed, .failed), (.rolledBack, .rolledBack),
  ]
}

extension Verification.Verdict: WireChoice {
  static let numbers: [(Self, PBVerdict)] = [
    (.recovered, .recovered), (.notRecovered, .notRecovered), (.unknown, .unknown),
  ]
}

extension ProblemFamily: WireChoice {
  static let numbers: [(Self, PBProblemFamily)] = [
    (.connectionPool, .connectionPool), (.memory, .memory), (.cpu, .cpu), (.disk, .disk),
    (.slowQueries, .slowQueries), (.availability, .availability),
  ]
}

extension IncidentStatus: WireChoice {
  static let numbers: [(Self, PBIncidentStatus)] = [
    (.detected, .detected), (.investigating, .investigating), (.identified, .identified),
    (.resolving, .resolving), (.resolved, .resolved), (.escalated, .escalated),
    (.falsePositive, .falsePositive),
  ]
}

extension Autonomy: WireChoice {
  static let numbers: [(Self, PBAutonomy)] = [
    (.observe, .observe), (.suggest, .suggest), (.auto, .auto),
  ]
}
