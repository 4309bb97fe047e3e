/// The answer to a query, every value as the text that the server sent.
package struct PostgresRows: Sendable, Equatable {
  /// The columns' names, in order.
  package var columns: [String]
  /// The rows; `nil` is NULL.
  package var rows: [[String?]]
  /// How many rows a command changed; for SELECT, how many came.
  package var affected: Int

  /// An answer; see the fields.
  package init(columns: [String], rows: [[String?]], affected: Int) {
    self.columns = columns
    self.rows = rows
    self.affected = affected
  }

  /// How many rows there are.
  package var count: Int { rows.count }
  /// Whether there are no rows.
  package var isEmpty: Bool { rows.isEmpty }

  /// The text in a row and a column; `nil` for NULL, and for a row or column that is not there.
  package subscript(row: Int, column: String) -> String? {
    guard rows.indices.contains(row), let index = columns.firstIndex(of: column) else { return nil }
    return rows[row].indices.contains(index) ? rows[row][index] : nil
  }

  /// The same as a finite number; `nil` also for text that is none.
  package func double(_ row: Int, _ column: String) -> Double? {
    self[row, column].flatMap(Double.init).flatMap { $0.isFinite ? $0 : nil }
  }

  /// The same as a whole number; `nil` also for text that is none.
  package func int(_ row: Int, _ column: String) -> Int? { self[row, column].flatMap { Int($0) } }

  /// The same as a truth value, which PostgreSQL writes `t` or `f`.
  package func bool(_ row: Int, _ column: String) -> Bool? {
    // Not compared where it is longer than any of them: text may be made so that comparing takes long.
    switch self[row, column].flatMap({ $0.utf8.count <= 8 ? $0 : nil }) {
    case "t", "true", "on": true
    case "f", "false", "off": false
    default: nil
    }
  }
}
