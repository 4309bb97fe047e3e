import IncidentModel
import MessageBus
import TestKit
import Threads

/// What happens from the first blow to the last look.
extension ChaosRun {
  /// How long everything may take to come to rest after the last blow.
  static let rest = Duration.seconds(180)

  /// Lets the plan happen, then waits until everything is at rest.
  func happen(_ plan: ChaosPlan, progress: @escaping @Sendable (String) -> Void) async {
    let watch = Task { await self.watchOver() }
    let leads = Task { await self.watchLeads() }
    let shop = Task { await self.target.serveCustomers() }
    sender.start(every: .milliseconds(400))
    await withDiscardingTaskGroup { group in
      let start = ContinuousClock.now
      @Sendable func at(_ seconds: Double, _ body: @escaping @Sendable () async -> Void) async {
        try? await Task.sleep(until: start + .seconds(seconds))
        await body()
      }
      for entry in plan.blows {
        group.addTask {
          await at(entry.at) {
            progress("\(Int(entry.at)) s: \(entry.what.name) (\(fixed(entry.seconds, 1)) s)")
            await self.deal(entry.what, for: .seconds(entry.seconds))
          }
        }
      }
      for entry in plan.faults {
        group.addTask {
          await at(entry.at) {
            progress("\(Int(entry.at)) s: \(entry.what.rawValue) (\(fixed(entry.seconds, 1)) s)")
            self.diary.began(entry.what)
            await self.target.suffer(entry.what, for: .seconds(entry.seconds))
          }
        }
      }
      for entry in plan.words { group.addTask { await at(entry.at) { await self.people.say(entry.what) } } }
      for entry in plan.alerts { group.addTask { await at(entry.at) { await self.people.post(entry.what) } } }
    }
    await comeToRest(progress)
    for task in [watch, leads, shop] { task.cancel() }
    for task in [watch, leads, shop] { await task.value }
  }

  /// Waits until every incident has ended or is in people's hands.
  private func comeToRest(_ progress: @Sendable (String) -> Void) async {
    progress("all blows are dealt; waiting until everything is at rest")
    let unaccepted = await sender.drain(within: .seconds(60))
    if unaccepted > 0 { diary.accident("\(unaccepted) signals were never accepted") }
    let end = ContinuousClock.now + Self.rest
    var left: Int?
    var quiet = 0
    while ContinuousClock.now < end, quiet < 3 {
      left = await people.takeOver()
      quiet = left == 0 ? quiet + 1 : 0
      try? await Task.sleep(for: .seconds(1))
    }
    if left != 0 {
      diary.accident(
        "after \(Self.rest) \(left.map { "\($0) incidents" } ?? "an unknown number") still go on")
    }
    // What was announced last is delivered and settled.
    try? await eventually(timeout: .seconds(60), "the last announcements") {
      guard let leader = await self.fleet.leader() else { return false }
      return await self.fleet.status(of: leader.index)?.queues["announcements"] == 0
    }
  }
}
