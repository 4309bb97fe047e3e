import ArgumentParser
import FoundationEssentials
import IncidentModel
import JournalAudit
import PostgresBackend
import Settings

struct AuditCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Examine the journal itself, beside the coordinator.",
    discussion: """
      Reads the journal and its archive where they are kept, without changing anything, also while coordinators \
      work. The journal is the one of the configuration, or of --store, or of $AIOPS_STORE.
      """,
    subcommands: [AuditVerifyCommand.self, AuditExportCommand.self])
}

/// Which journal.
struct JournalOptions: ParsableArguments {
  @Option(help: ArgumentHelp("The coordinator's configuration (default: aiops.yaml).", valueName: "file"))
  var config: String?
  @Option(
    help: ArgumentHelp(
      "The journal instead: an SQLite file, or postgres://… without a password.", valueName: "path|url"))
  var store: String?

  /// What reads the journal.
  func reader() throws -> JournalReader {
    let environment = ToolContext.current.environment
    if let store {
      guard config == nil else { throw ToolError(message: "give --config or --store, not both", status: 64) }
      let reader = Self.reader(store)
      // Everybody on this machine sees the arguments of a process.
      if case .postgres(let url) = reader, (try? PostgresConnection.hasPassword(url)) != false {
        throw ToolError(
          message:
            "--store must not have a password in it; set $AIOPS_STORE, or name the configuration with --config",
          status: 64)
      }
      return reader
    }
    if config == nil, let store = environment["AIOPS_STORE"], !store.isEmpty { return Self.reader(store) }
    do throws(SettingsError) {
      let settings = try SettingsLoader.load(path: config, environment: environment)
      return Self.reader(settings.coordinator.store.exposed)
    } catch {
      throw ToolError(message: error.description, status: ToolError.configuration)
    }
  }

  private static func reader(_ store: String) -> JournalReader {
    CoordinatorSettings.isPostgres(store) ? .postgres(url: store) : .sqlite(path: store)
  }
}

struct AuditVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Find every record of the journal that is not as it was written.",
    discussion: """
      Every record has a hash of itself and of the one before it. Whoever can write the journal could compute \
      all of them anew: a tip that was kept elsewhere (the coordinator logs it, and sends it where \
      coordinator.audit says) finds that too, and records that are missing at the end.
      Exit status: 0 whole, 1 not whole, 64 wrong usage, 66 no such journal, 69 it can't be reached, 78 wrong \
      configuration.
      """)

  @OptionGroup var journal: JournalOptions
  @Option(help: ArgumentHelp("What was kept of the chain; may be given again.", valueName: "sequence:hash"))
  var tip: [String] = []
  @Option(help: ArgumentHelp("A file with tips in it, e.g. the coordinator's log.", valueName: "file"))
  var tips: String?
  @Option(name: [.customShort("o"), .long], help: "How to show it.") var output = OutputFormat.table

  func run() async throws {
    let kept = try tip.map { text in
      guard let tip = ChainTip(text) else {
        throw ToolError(
          message: "--tip must be a record's number, a colon and 64 hexadecimal digits", status: 64)
      }
      return tip
    }
    let all = kept + (try tips.map(TipFile.read) ?? [])
    let reader = try journal.reader()
    let report: ChainReport
    do { report = try await reader.verify(tips: all) } catch let error as AuditError {
      throw ToolError(error)
    }
    let context = ToolContext.current
    switch output {
    case .json: context.out(JSONText.encode(AuditReportView(report, reader.location, tips: all.count)))
    case .table:
      for line in AuditReportView.lines(report, reader.location, tips: all.count) { context.out(line) }
    }
    guard report.isWhole else {
      let count = report.flaws.count + report.omitted
      throw ToolError(message: "the journal is not as it was written: \(count) flaw\(count == 1 ? "" : "s")")
    }
  }
}

extension ToolError {
  init(_ error: AuditError) {
    let status: Int32 =
      switch error {
      case .missing, .notAJournal, .notChained, .newer: 66
      case .unreachable: ToolError.unavailable
      case .unreadable: 1
      }
    self.init(message: Terminal.visible(error.description), status: status)
  }
}
