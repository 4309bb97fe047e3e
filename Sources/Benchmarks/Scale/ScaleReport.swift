import IncidentModel

/// What so many agents of one kind got done.
struct ScaleReport: Sendable, Encodable {
  struct Row: Sendable, Encodable {
    var kind: AgentKind
    var agents: Int
    /// What is counted: `samples`, `signals` or `jobs`.
    var unit: String
    var perSecond: Double
    /// The most that one agent did of it, as a part of all; 1 for one that did everything.
    var largestShare: Double
  }

  var cores: Int
  var rows: [Row] = []

  var text: String {
    var table = TextTable(["on \(cores) cores", "agents", "a second", "ratio", "largest share"])
    for row in rows {
      let first = rows.first { $0.kind == row.kind && $0.unit == row.unit }?.perSecond ?? 0
      table.add([
        "\(row.kind.rawValue): \(row.unit)", "\(row.agents)", fixed(row.perSecond, 1),
        first > 0 ? fixed(row.perSecond / first, 2) : "–", "\(fixed(100 * row.largestShare, 0)) %",
      ])
    }
    return table.text
  }
}
