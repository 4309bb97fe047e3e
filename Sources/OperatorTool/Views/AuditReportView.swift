import JournalAudit

/// What an examination of the journal found, as people and programs read it.
struct AuditReportView: Encodable {
  struct Item: Encodable {
    var first: Int64
    var last: Int64
    var incident: String?
    var kind: String?
    var problem: String
    var text: String
  }

  var journal: String
  var whole: Bool
  var records: Int64
  var archived: Int64
  /// The first record that was chained as it was written.
  var chainedSince: Int64
  var tip: String
  /// Tips that were kept elsewhere and compared.
  var keptTips: Int
  var flaws: [Item]
  var moreFlaws: Int

  init(_ report: ChainReport, _ location: String, tips: Int) {
    journal = location
    whole = report.isWhole
    records = report.records
    archived = report.archived
    chainedSince = report.since
    tip = report.tip.description
    keptTips = tips
    flaws = report.flaws.map {
      Item(
        first: $0.numbers.lowerBound, last: $0.numbers.upperBound, incident: $0.incident, kind: $0.kind,
        problem: $0.problem.name, text: $0.description)
    }
    moreFlaws = report.omitted
  }

  /// The same for people.
  static func lines(_ report: ChainReport, _ location: String, tips: Int) -> [String] {
    var lines = report.flaws.map { Terminal.visible($0.description) }
    if report.omitted > 0 { lines.append("… and \(report.omitted) more") }
    let journal = Terminal.visible(location)
    let records =
      "\(report.records) record\(report.records == 1 ? "" : "s"), \(report.archived) of them in the archive"
    lines.append(
      report.isWhole ? "\(journal) is whole: \(records)" : "\(journal) is not as it was written: \(records)")
    if report.since > 1 {
      lines.append(
        "the chain begins at record \(report.since): those before it were chained later than they were written, "
          + "and what was changed before that is not found")
    }
    lines.append("tip \(report.tip)")
    if tips == 0, report.isWhole {
      lines.append("no tip that was kept elsewhere was given, so a rewrite of the whole would not be found")
    }
    return lines
  }
}

extension Flaw.Problem {
  /// The problem's name in JSON.
  var name: String {
    switch self {
    case .changed: "changed"
    case .hashChanged: "hash_changed"
    case .unchained: "no_hash"
    case .missing: "missing"
    case .cutOff: "cut_off"
    case .moved: "moved"
    case .twice: "twice"
    case .impossible: "impossible"
    case .rewritten: "rewritten"
    case .hidden: "hidden"
    case .broughtBack: "brought_back"
    }
  }
}
