/// What the holder of a token may do; each role may do what the smaller ones may.
package enum AccessRole: String, Sendable, CaseIterable, Comparable {
  /// Reads.
  case viewer
  /// Acts on incidents and posts alerts.
  case `operator`
  /// Everything else too.
  case admin

  private var rank: Int {
    switch self {
    case .viewer: 0
    case .operator: 1
    case .admin: 2
    }
  }

  package static func < (a: AccessRole, b: AccessRole) -> Bool { a.rank < b.rank }
}
