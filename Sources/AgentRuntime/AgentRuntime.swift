import FoundationEssentials
import Glibc
package import IncidentModel
import Logging
import Observability
package import ServiceLifecycle
import Settings
import UnixSignals

/// Starts an agent's process, runs its services, and stops it in time.
package enum AgentRuntime {
  /// The exit status for a configuration that is wrong (`EX_CONFIG` of sysexits.h).
  package static let configurationExit: Int32 = 78
  /// A stop that takes longer is forced.
  package static let stopLimit = Duration.milliseconds(1900)

  /// The whole of an agent's `main`: reads the command line, then see ``run(kind:options:services:)``.
  ///
  /// - Parameters:
  ///   - kind: what kind of agent it is; `aiops-<kind>` is its command's name.
  ///   - services: makes the parts that run until the agent stops.
  package static func main(
    kind: AgentKind, services: (Agent) async throws -> [any Service]
  ) async -> Never {
    let options =
      switch kind {
      case .coordinator: CoordinatorCommand.parsedOptions()
      case .detector: DetectorCommand.parsedOptions()
      case .diagnoser: DiagnoserCommand.parsedOptions()
      case .resolver: ResolverCommand.parsedOptions()
      }
    await run(kind: kind, options: options, services: services)
  }

  /// Loads the configuration, starts logging, runs the services until SIGTERM or SIGINT, and exits.
  ///
  /// Exits with 0 after a clean stop, 1 when a service failed or the stop had to be forced, and 78
  /// with every problem on standard error when the configuration is wrong, as the services may say too.
  package static func run(
    kind: AgentKind, options: AgentOptions, services: (Agent) async throws -> [any Service]
  ) async -> Never {
    // A peer that goes away is an error of the write, not the end of the process.
    signal(SIGPIPE, SIG_IGN)
    raiseDescriptorLimit()
    let agent = start(kind, options)
    let logger = agent.logger
    do {
      let parts = try await services(agent)
      logger.notice(
        "started",
        metadata: [
          "version": "\(AIOpsVersion.current)", "pid": "\(agent.info.pid)",
          "config": "\(agent.settings.file ?? "built-in defaults")",
        ])
      var configuration = ServiceGroupConfiguration(
        services: parts + [StopLimit(logger: logger)],
        gracefulShutdownSignals: [.sigterm, .sigint], logger: quiet(logger))
      configuration.maximumGracefulShutdownDuration = .milliseconds(1500)
      try await ServiceGroup(configuration: configuration).run()
    } catch let error as SettingsError {
      // What only shows once it is known which process this is.
      complain("aiops-\(kind.rawValue): the configuration is wrong:\n\(error)\n")
      exit(configurationExit)
    } catch {
      if StopLimit.isStopping {
        logger.warning("stopped, but not cleanly", metadata: ["reason": "\(error)"])
        exit(0)
      }
      logger.critical("failed", metadata: ["reason": "\(error)"])
      exit(1)
    }
    logger.notice("stopped")
    exit(0)
  }

  /// As many open files as the machine lets it have, 65,536 at the most: strangers' connections must not keep it from
  /// its own.
  private static func raiseDescriptorLimit() {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
    limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, 65_536))
    _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }

  private static func start(_ kind: AgentKind, _ options: AgentOptions) -> Agent {
    let settings: SystemSettings
    do throws(SettingsError) {
      settings = try SettingsLoader.load(
        path: options.config, environment: ProcessInfo.processInfo.environment)
    } catch {
      complain("aiops-\(kind.rawValue): the configuration is wrong:\n\(error)\n")
      exit(configurationExit)
    }
    let name = options.name ?? "\(kind.rawValue)-\(hostName())-\(getpid())"
    let level = options.logLevel.level
    LoggingSystem.bootstrap { _ in JSONLogHandler(agent: name, level: level) }
    let instance = String(UInt64.random(in: .min ... .max), radix: 36)
    return Agent(
      name: name, settings: settings, logger: Logger(label: name),
      info: AgentInfo(
        instance: "\(kind.rawValue)-\(getpid())-\(instance)", kind: kind, name: name,
        version: AIOpsVersion.current, pid: getpid(),
        targets: targets(settings.sources, on: hostName())))
  }

  private static func targets(_ sources: [SourceSettings], on host: String) -> [String] {
    let names = sources.map(\.name)
    let here = sources.compactMap { source -> String? in
      guard case .host = source.kind else { return nil }
      return AgentInfo.target(source.name, on: host)
    }
    // A message takes a thousand names.
    return names + here.prefix(max(0, 1_000 - names.count))
  }

  /// The library's own messages are of use to its developers; ours say what happens.
  private static func quiet(_ logger: Logger) -> Logger {
    var logger = logger
    if logger.logLevel > .debug { logger.logLevel = .critical }
    return logger
  }

  private static func complain(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
      if count <= 0 { return }
      bytes = bytes.dropFirst(count)
    }
  }
}
