import IncidentModel
import Testing

@testable import Coordination

@Suite("The log's budget")
struct LogBudgetTests {
  private let start = Timestamp(seconds: 1_800_000_000)

  @Test("takes a burst, then so many lines a second, and counts what it leaves out")
  func storm() {
    var budget = LogBudget()
    budget.fill(at: start)
    let first = (0..<5_000).count { _ in budget.take() }
    #expect(Double(first) == LogBudget.burst)
    #expect(budget.takeLeftOut() == 5_000 - first)
    #expect(budget.takeLeftOut() == 0)

    budget.fill(at: start + .seconds(2))
    #expect(Double((0..<5_000).count { _ in budget.take() }) == 2 * LogBudget.perSecond)
  }

  @Test("is full again after a while, and never fuller; a clock that goes back takes nothing away")
  func refill() {
    var budget = LogBudget()
    budget.fill(at: start)
    for _ in 0..<10 { _ = budget.take() }
    budget.fill(at: start - .seconds(60))
    budget.fill(at: start + .seconds(86_400))
    #expect(Double((0..<5_000).count { _ in budget.take() }) == LogBudget.burst)
  }
}
