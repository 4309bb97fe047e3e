/// A recipe of typed steps from the catalogue, with parameters that a diagnosis fills.
package struct Runbook: Hashable, Sendable {
  /// Its unique name.
  package var name: String
  /// For people.
  package var title: String
  /// The family of trouble it is for.
  package var family: ProblemFamily
  /// What must be filled in, by name.
  package var parameters: [String: ParameterSpec]
  /// What runs, in order; never empty.
  package var steps: [RunbookStep]

  /// A runbook; see the fields.
  package init(
    name: String, title: String, family: ProblemFamily, parameters: [String: ParameterSpec],
    steps: [RunbookStep]
  ) {
    self.name = name
    self.title = title
    self.family = family
    self.parameters = parameters
    self.steps = steps
  }
}

/// What a parameter may hold.
package struct ParameterSpec: Hashable, Sendable {
  /// The type and its bounds.
  package enum Kind: Hashable, Sendable {
    /// Text of at most so many characters, without control characters.
    case text(maxLength: Int)
    /// A finite number within bounds.
    case number(ClosedRange<Double>)
  }

  /// Type and bounds.
  package var kind: Kind
  /// What holds when the diagnosis gives none; `nil` makes it required.
  package var defaultValue: ParameterValue?

  /// A specification; see the fields.
  package init(kind: Kind, defaultValue: ParameterValue? = nil) {
    self.kind = kind
    self.defaultValue = defaultValue
  }
}

/// One step of a runbook, its arguments literal or taken whole from a parameter.
package struct RunbookStep: Hashable, Sendable {
  /// The value of an argument. There is no text templating: a parameter is used whole or not at all.
  package enum Argument: Hashable, Sendable {
    case literal(ParameterValue)
    case list([String])
    case parameter(String)
  }

  /// The step's name, unique in its runbook.
  package var name: String
  /// What it does.
  package var action: ActionKind
  /// The action's arguments, by name.
  package var arguments: [String: Argument]
  /// After so many seconds it has failed.
  package var timeoutSeconds: Double
  /// How often it is tried again after a failure.
  package var retries: Int
  /// Overrides what the action's kind says.
  package var idempotent: Bool?
  /// Whether what it set is put back when the symptom stays or worsens.
  package var rollback: Bool

  /// A step; see the fields.
  package init(
    name: String, action: ActionKind, arguments: [String: Argument], timeoutSeconds: Double = 30,
    retries: Int = 0, idempotent: Bool? = nil, rollback: Bool = true
  ) {
    self.name = name
    self.action = action
    self.arguments = arguments
    self.timeoutSeconds = timeoutSeconds
    self.retries = retries
    self.idempotent = idempotent
    self.rollback = rollback
  }
}
