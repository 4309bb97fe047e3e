import Detection
import Testing

@Suite("Schedule")
struct CollectionScheduleTests {
  private typealias Schedule = CollectionSchedule<TestClock.Instant>
  private func moment(_ seconds: Double) -> TestClock.Instant { .init(offset: .seconds(seconds)) }

  @Test("measuring takes time, the grid stays")
  func noDrift() {
    var schedule = Schedule(start: moment(5), interval: .seconds(30), retry: .seconds(60))
    for step in 0..<1000 {
      #expect(schedule.due == moment(5 + Double(step) * 30))
      schedule.succeeded(at: schedule.due.advanced(by: .seconds(Double(step % 30))))
    }
  }

  @Test("measurements that were missed are left out, not made up for")
  func skips() {
    var schedule = Schedule(start: moment(0), interval: .seconds(10), retry: .seconds(60))
    schedule.succeeded(at: moment(47))
    #expect(schedule.due == moment(50))
    schedule.succeeded(at: moment(60))
    #expect(schedule.due == moment(60))
  }

  @Test("after a failure the retry counts, from there a new grid")
  func retries() {
    var schedule = Schedule(start: moment(0), interval: .seconds(10), retry: .seconds(60))
    schedule.failed(at: moment(3))
    #expect(schedule.due == moment(63))
    schedule.succeeded(at: moment(64))
    #expect(schedule.due == moment(73))
  }

  @Test("an interval of nothing does not spin")
  func positive() {
    var schedule = Schedule(start: moment(0), interval: .zero, retry: .seconds(-1))
    schedule.succeeded(at: moment(0))
    #expect(schedule.due > moment(0))
    schedule.failed(at: moment(1))
    #expect(schedule.due > moment(1))
  }
}
