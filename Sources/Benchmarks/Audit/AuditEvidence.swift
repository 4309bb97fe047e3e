import IncidentEngine
import IncidentModel

/// Everything that the audit holds against each other, collected from where it was left.
struct AuditEvidence: Sendable {
  /// A step as it was seen where it ran, by the incident, place and lease that it named.
  struct SeenStep: Sendable, Hashable {
    var incident: String
    var step: Int
    var token: UInt64
    var at: Timestamp
    /// Whether it put back what the step had done.
    var isUndo = false
  }

  /// The whole journal.
  var events: [JournaledEvent] = []
  /// When everything was at rest and the journal was read.
  var end = Timestamp(milliseconds: 0)
  /// Who is told when.
  var plan: EscalationPlan
  /// What kept the coordinators from telling anybody.
  var troubles: [Trouble] = []
  /// When the receiver was away.
  var absences: [Trouble] = []
  /// What the receiver took.
  var pages: [Page] = []
  /// Marks of the alerts that were accepted.
  var alerts: [Double] = []
  /// Signals that were accepted.
  var signals: [String] = []
  /// Words of people that were taken: who, and on what.
  var words: [(by: String, incident: String)] = []
  /// Runs of the step that must not run twice, as it wrote them down itself.
  var marks: [SeenStep] = []
  /// The name of that step.
  var markStep: String
  /// What resolvers did to the database, as its own log has it.
  var touches: [SeenStep] = []
  /// Every incident as each coordinator's API shows it, as JSON.
  var shown: [[String: String]] = []
  /// Every incident as a replay of the journal gives it, in the same words.
  var replayed: [String: String] = [:]
  /// Incidents that are open without a deadline and in nobody's hands.
  var stuck: [String] = []
  /// What should not have happened and was seen at once.
  var accidents: [String] = []

  init(plan: EscalationPlan, markStep: String) {
    self.plan = plan
    self.markStep = markStep
  }
}
