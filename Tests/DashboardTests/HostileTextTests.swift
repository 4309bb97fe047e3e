import Dashboard
import IncidentModel
import Testing

@Suite("Text from outside on a page") struct HostileTextTests {
  /// Checks that a page is made of what pages are made of, and that it leads nowhere else.
  private func check(_ page: [UInt8]) throws -> PageReader {
    let reader = try PageReader(page)
    for tag in reader.tags {
      for name in ["href", "src", "action", "formaction"] {
        guard let link = tag[name] else { continue }
        #expect(
          link.hasPrefix("/") && !link.hasPrefix("//") || link.hasPrefix("#") || link == "http://h:1/",
          "\(link)")
      }
    }
    #expect(reader.all("script").map { $0["src"]?.hasPrefix("/assets/") } == [true])
    #expect(reader.all("link").allSatisfy { $0["href"]?.hasPrefix("/assets/") == true })
    #expect(
      reader.all("form").allSatisfy {
        $0["method"] == "post" && $0["action"]?.hasPrefix("/incidents/INC-") == true
      })
    return reader
  }

  @Test(
    "never becomes markup, in whatever field of an incident it is", arguments: 1...30 as ClosedRange<UInt64>)
  func incident(seed: UInt64) throws {
    var hostile = Hostile(seed: seed)
    let row = hostile.row(1)
    let series = [hostile.series(), hostile.series()]
    let page = try check(StoryPage(system: hostile.system(), row: row, series: series).html())
    // What is there to be read is read as it was sent, as far as it can be seen.
    let cause = try #require(row.incident.rootCause)
    if cause.utf8.count < 4_000, cause.unicodeScalars.allSatisfy({ $0.value > 0x1F && $0.value < 0x7F }) {
      #expect(page.texts.contains(cause))
    }
  }

  @Test("nor in the lists of the first page", arguments: 1...10 as ClosedRange<UInt64>)
  func overview(seed: UInt64) throws {
    var hostile = Hostile(seed: seed)
    let rows = (1...20).map { hostile.row($0) }
    let filter = IncidentFilter(
      scope: hostile.choice(IncidentFilter.Scope.self), severity: .critical, page: hostile.text())
    _ = try check(
      OverviewPage(system: hostile.system(), rows: rows, filter: filter, next: hostile.text()).html())
    _ = try check(OverviewPage(system: hostile.system(), rows: [], filter: filter, next: nil).html())
  }

  @Test("nor on the page of a problem", arguments: 1...10 as ClosedRange<UInt64>)
  func problem(seed: UInt64) throws {
    var hostile = Hostile(seed: seed)
    let page = try PageReader(
      ProblemPage(status: 404, title: hostile.text(), detail: hostile.text(), now: Hostile.now).html())
    #expect(page.all("script").isEmpty)
  }

  @Test("stays short, however long it is")
  func long() throws {
    var hostile = Hostile(seed: 1)
    var incident = hostile.incident(1)
    incident.rootCause = String(repeating: "ä", count: 1_000_000)
    let page = StoryPage(
      system: SystemView(now: Hostile.now, startedAt: Hostile.now), row: IncidentRow(incident), series: []
    )
    .html()
    #expect(page.count < 200_000)
    #expect(try PageReader(page).shown.contains("bytes more)"))
  }

  @Test(
    "that hides or turns round is shown as what it is",
    arguments: [
      ("a\u{202E}b", "a\\u{202e}b"), ("\u{0}", "\\u{0}"), ("\u{1B}[1m", "\\u{1b}[1m"),
      ("\u{200B}", "\\u{200b}"),
      ("\u{FEFF}", "\\u{feff}"), ("\u{E0041}", "\\u{e0041}"), ("a\nb", "a\nb"), ("a\tb", "a  b"),
      ("👨‍👩‍👧", "👨‍👩‍👧"), ("é", "é"),
    ])
  func visible(text: String, shown: String) throws {
    let page = try PageReader(ProblemPage(status: 400, title: "t", detail: text, now: Hostile.now).html())
    #expect(page.texts.contains(shown))
  }

  @Test(
    "is the address of another coordinator only where it is one",
    arguments: [
      ("127.0.0.1:8080", true), ("[::1]:80", true), ("host.example:1", true), ("javascript:1", true),
      ("javascript:alert(1)", false), ("h:1/x", false), ("h:1\"", false), ("h", false), (":1", false),
      ("h:123456", false), ("u@h:1", false), ("h:1:2", false), ("[x]:1", false), ("h h:1", false),
      ("", false),
    ])
  func authority(text: String, isOne: Bool) throws {
    let authority = Authority(text)
    #expect((authority != nil) == isOne)
    // What reads like a scheme is a host behind one.
    if let authority { #expect(Link.coordinator(authority).text == "http://\(text)/") }
  }
}
