import Coordination
import IncidentModel
import Testing

@Suite("The index of incidents") struct IncidentIndexTests {
  @Test("gives the very pages that a look at all incidents gives", arguments: 1...12)
  func pages(run: Int) throws {
    var incidents: [IncidentID: Incident] = [:]
    var index = IncidentIndex()
    for number in 1...1_500 {
      let id = IncidentID(number: UInt32.random(in: 1...UInt32(400 + 100 * run)))
      if let old = incidents.removeValue(forKey: id) { index.remove(old) }
      guard Int.random(in: 0..<10) > 1 else { continue }
      let status = try #require(IncidentStatus.allCases.randomElement())
      let severity = try #require(Severity.allCases.randomElement())
      // Times that rise, as in life, and some that do not.
      let second = run % 2 == 0 ? Int64(number / 3) : Int64.random(in: 0...500)
      let new = Incident.sample(id.number, status: status, severity: severity, second: second)
      incidents[id] = new
      index.insert(new)
    }
    for _ in 0..<40 {
      let statuses = Set(IncidentStatus.allCases.filter { _ in Bool.random() && Bool.random() })
      let severities = Set(Severity.allCases.filter { _ in Bool.random() && Bool.random() })
      var query = IncidentQuery(
        statuses: statuses, severities: severities, pageSize: [1, 7, 100, 500].randomElement() ?? 1)
      repeat {
        let expected = query.page(of: incidents.values)
        let page = index.page(query)
        #expect(page.ids == expected.incidents.map(\.id))
        #expect(page.next == expected.next)
        query.after = expected.next
      } while query.after != nil && query.pageSize > 1
      // From the middle of nowhere.
      query.after = PageCursor(.sample(UInt32.random(in: 1...2_000), second: Int64.random(in: -9...600)))
      #expect(index.page(query).ids == query.page(of: incidents.values).incidents.map(\.id))
    }
    for incident in incidents.values { index.remove(incident) }
    #expect(index.page(IncidentQuery()).ids.isEmpty)
  }

  @Test("a page of a hundred thousand is there at once")
  func large() {
    var index = IncidentIndex()
    for number in 1...100_000 { index.insert(.sample(UInt32(number), second: Int64(number))) }
    let began = ContinuousClock.now
    for _ in 0..<100 { #expect(index.page(IncidentQuery(pageSize: 50)).ids.count == 50) }
    #expect(ContinuousClock.now - began < .seconds(2))
  }
}
