import IncidentModel

/// The statement timeout for the role that sends slow statements, if there is one that hits nobody else.
///
/// It lies between what takes too long and what does not: half of what the slow ones take, 30 s at
/// the most, but at least twice what any other recorded statement of the role ever took.
struct TimeLimit {
  /// The limit never needs to be longer, in seconds.
  static let longest = 30.0

  /// Statements that never took more than so many times what the slow ones take are like them.
  static let alike = 5.0

  /// The limit; `nil` when there is none.
  private(set) var seconds: Double?
  /// Why there is none.
  private(set) var objection: String?

  init(_ view: SlowQueryProcedure.View, _ culprit: SlowQueryProcedure.View.Culprit) {
    let role = Shown.name(culprit.role)
    if culprit.statements.contains(where: \.isMaintenance) {
      objection = "it is maintenance of the data, which is not to be cut off"
      return
    }
    if culprit.statements.contains(where: \.roleIsSuperuser) {
      objection = "role \(role) is a superuser, and a time limit would hit maintenance too"
      return
    }
    guard case .sessions(let sessions)? = view.dossier.found(.postgresSessions)?.result else {
      objection = "who else works as role \(role) could not be asked"
      return
    }
    let others = Set(sessions.groups.filter { $0.role == culprit.role }.map(\.application))
      .subtracting([culprit.application])
    if let one = others.first(where: view.dossier.source.isProtected) {
      objection = "\(Shown.name(one)), which is protected, works as role \(role) too"
      return
    }
    let recorded = (view.statements.means ?? []).filter { $0.role == culprit.role }
    if recorded.isEmpty {
      objection =
        "pg_stat_statements has no statement of role \(role), so nobody knows what a time limit would hit"
      return
    }
    let ages = culprit.statements.map { view.statements.expectedSeconds($0) }.sorted()
    let typical = ages.isEmpty ? 0 : ages[ages.count / 2]
    let ids = Set(culprit.statements.compactMap(\.queryID))
    let isAboutSlowOnes = view.dossier.symptom?.metric == "database_slow_queries"
    let healthy =
      recorded.filter { mean in
        // One that is slow on average belongs to the same trouble only when that is the symptom, nobody else
        // can have sent it, and it is as slow as those that are running; else it is a report that takes its time.
        let isAlike =
          isAboutSlowOnes && others.isEmpty && mean.meanSeconds >= StatementsResult.slowSeconds
          && mean.longestSeconds <= typical * Self.alike
        return !ids.contains(mean.queryID) && !isAlike
      }.map(\.longestSeconds).max() ?? 0
    let limit = max(1, min(typical / 2, Self.longest), healthy * 2)
    if limit >= max(typical, 1.1) {
      objection =
        "a time limit for role \(role) would hit statements in good health, which take up to "
        + Figure.duration(healthy)
      return
    }
    seconds = (limit * 10).rounded(.up) / 10
  }
}
