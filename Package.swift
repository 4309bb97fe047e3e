// swift-tools-version: 6.2
import PackageDescription

/// One set of rules for every target: Swift 6, explicit `any`, explicit imports, no warnings where
/// we work (a newer compiler's new ones must not keep anybody from a release build).
let settings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .treatAllWarnings(as: .error, .when(configuration: .debug)),
]

let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let collections = ["DequeModule", "HeapModule", "OrderedCollections"].map {
  Target.Dependency.product(name: $0, package: "swift-collections")
}
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let hummingbird = Target.Dependency.product(name: "Hummingbird", package: "hummingbird")
let hummingbirdTLS = Target.Dependency.product(name: "HummingbirdTLS", package: "hummingbird")
let lifecycle = Target.Dependency.product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals = Target.Dependency.product(name: "UnixSignals", package: "swift-service-lifecycle")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let protobuf = Target.Dependency.product(name: "SwiftProtobuf", package: "swift-protobuf")
let subprocess = Target.Dependency.product(name: "Subprocess", package: "swift-subprocess")
let systemPackage = Target.Dependency.product(name: "SystemPackage", package: "swift-system")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// What the simulation runs is optimised in debug builds too: the tests live thousands of lives.
let optimised: [SwiftSetting] = settings + [.unsafeFlags(["-O"], .when(configuration: .debug))]

func module(
  _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = [],
  isSimulated: Bool = false
) -> Target {
  .target(
    name: name, dependencies: dependencies, exclude: exclude,
    swiftSettings: isSimulated ? optimised : settings)
}

func program(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

let package = Package(
  name: "aiops",
  products: [
    .executable(name: "aiops-coordinator", targets: ["aiops-coordinator"]),
    .executable(name: "aiops-detector", targets: ["aiops-detector"]),
    .executable(name: "aiops-diagnoser", targets: ["aiops-diagnoser"]),
    .executable(name: "aiops-resolver", targets: ["aiops-resolver"]),
    .executable(name: "aiopsctl", targets: ["aiopsctl"]),
    .executable(name: "aiops", targets: ["aiops"]),
    .executable(name: "aiops-bench", targets: ["aiops-bench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/apple/swift-system", from: "1.8.0"),
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
    .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.0"),
  ],
  targets: [
    // Libraries of the system, and what Swift's Glibc module lacks.
    .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
    .systemLibrary(name: "CPostgres", providers: [.apt(["libpq-dev"])]),
    .systemLibrary(name: "CCurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
    .target(name: "CLinux"),

    // What everything shares.
    module("IncidentModel", isSimulated: true),
    module("BusKeys", ["CZeroMQ"], isSimulated: true),
    module("Settings", ["BusKeys", "IncidentModel", yams]),
    module("AccessTokens", ["IncidentModel", "Settings", crypto]),
    module("Observability", ["Threads", logging]),
    module("Threads", ["CLinux"]),

    // The functional core.
    module("IncidentEngine", ["IncidentModel"] + collections, isSimulated: true),

    // The wire between the agents.
    module(
      "MessageBus",
      ["BusKeys", "CZeroMQ", "CLinux", "IncidentModel", "Threads", logging, protobuf],
      exclude: ["Protocol/aiops.proto"], isSimulated: true),

    // Pages for people: values in, HTML out.
    module("Dashboard", ["IncidentModel"]),

    // Clients of outside systems.
    module("HTTPBackend", ["CCurl", "Threads"]),
    module("PostgresBackend", ["CPostgres", "Threads"]),
    module("RedisBackend", ["CHiredis", "Threads"]),
    module("HostBackend", ["CLinux"]),

    // What the agents know.
    module(
      "Collection",
      [
        "IncidentModel", "Settings", "Threads", "HTTPBackend", "PostgresBackend", "RedisBackend",
        "HostBackend",
      ]),
    module(
      "JournalAudit", ["IncidentModel", "PostgresBackend", crypto, grdb, grdbSQLite], isSimulated: true),
    module("Notification", ["IncidentModel", "Settings", "HTTPBackend", logging]),
    module(
      "Detection",
      [
        "IncidentModel", "Settings", "Collection", "MessageBus", "AgentRuntime", argumentParser, logging,
      ]),
    module(
      "Diagnosis",
      [
        "IncidentModel", "Settings", "Threads", "Collection", "MessageBus", "AgentRuntime", "HTTPBackend",
        "PostgresBackend", "RedisBackend", "HostBackend", logging,
      ]),
    module(
      "Resolution",
      [
        "IncidentModel", "Settings", "Collection", "MessageBus", "AgentRuntime", "Notification",
        "HTTPBackend", "PostgresBackend", "RedisBackend", "Threads", logging, subprocess, systemPackage,
      ]),
    module(
      "AgentRuntime",
      [
        "IncidentModel", "Settings", "MessageBus", "Observability", argumentParser, lifecycle, unixSignals,
        logging,
      ]),
    module(
      "Coordination",
      [
        "AgentRuntime", "BusKeys", "Dashboard", "IncidentModel", "IncidentEngine", "Settings", "AccessTokens",
        "MessageBus", "HTTPBackend", "JournalAudit", "Notification", "Observability", "PostgresBackend",
        "Threads", crypto,
        grdb,
        grdbSQLite, hummingbird, hummingbirdTLS, lifecycle, logging,
      ], isSimulated: true),
    module(
      "Simulation",
      [
        "IncidentModel", "IncidentEngine", "MessageBus", "Coordination", "Notification", "Resolution",
      ] + collections, isSimulated: true),
    module(
      "OperatorTool",
      [
        "BusKeys", "IncidentModel", "JournalAudit", "Settings", "AccessTokens", "HTTPBackend",
        "PostgresBackend", "Threads", argumentParser,
      ]),

    program("aiops-coordinator", ["Coordination"]),
    program("aiops-detector", ["Detection"]),
    program("aiops-diagnoser", ["Diagnosis"]),
    program("aiops-resolver", ["Resolution"]),
    program("aiopsctl", ["OperatorTool"]),
    program("aiops", ["Coordination", "Detection", "Diagnosis", "Resolution", "OperatorTool"]),

    // Measuring; with the servers that the tests start too.
    module(
      "Benchmarks",
      [
        "Simulation", "CZeroMQ", "IncidentModel", "IncidentEngine", "Settings", "MessageBus", "Coordination",
        "HTTPBackend", "Notification", "PostgresBackend", "RedisBackend", "TestKit", "Threads",
        argumentParser, logging,
      ]),
    program("aiops-bench", ["Benchmarks"]),

    // Tests, with the servers they start; nothing that is shipped depends on the kit.
    .target(
      name: "TestKit",
      dependencies: ["CLinux", "IncidentModel", "Threads", "HTTPBackend", "PostgresBackend", "RedisBackend"],
      path: "Tests/TestKit", swiftSettings: settings),
    tests("IncidentModelTests", ["IncidentModel", "TestKit"]),
    tests("IncidentEngineTests", ["IncidentModel", "IncidentEngine", "TestKit"]),
    tests("BusKeysTests", ["BusKeys", "TestKit"]),
    tests("DashboardTests", ["IncidentModel", "Dashboard"]),
    tests("SettingsTests", ["BusKeys", "IncidentModel", "Settings", "TestKit"]),
    tests("ObservabilityTests", ["Observability", logging]),
    tests(
      "MessageBusTests",
      ["BusKeys", "CZeroMQ", "IncidentModel", "MessageBus", "TestKit", "Threads", logging]),
    tests(
      "BackendTests",
      ["HTTPBackend", "PostgresBackend", "RedisBackend", "HostBackend", "TestKit"]),
    tests(
      "CollectionTests",
      ["IncidentModel", "Settings", "Collection", "PostgresBackend", "RedisBackend", "TestKit"]),
    tests(
      "DetectionTests",
      ["IncidentModel", "Settings", "Collection", "MessageBus", "Detection", "TestKit", logging]),
    tests(
      "DiagnosisTests",
      [
        "IncidentModel", "Settings", "Diagnosis", "HostBackend", "MessageBus", "PostgresBackend",
        "RedisBackend",
        "Threads", "TestKit", logging,
      ]),
    tests(
      "ResolutionTests",
      [
        "IncidentModel", "Settings", "Collection", "MessageBus", "Notification", "Resolution", "HTTPBackend",
        "PostgresBackend", "RedisBackend", "Threads", "TestKit", logging,
      ]),
    tests(
      "CoordinationTests",
      [
        "BusKeys", "Dashboard", "IncidentModel", "IncidentEngine", "Settings", "AccessTokens", "MessageBus",
        "Notification", "Coordination", "HTTPBackend", "JournalAudit", "PostgresBackend", "TestKit", grdb,
        logging,
      ]),
    tests(
      "JournalAuditTests",
      [
        "IncidentModel", "JournalAudit", "Coordination", "OperatorTool", "PostgresBackend", "TestKit",
        "Threads", grdb,
      ]),
    tests("BenchmarkTests", ["Benchmarks", "IncidentModel", "IncidentEngine", "MessageBus", "TestKit"]),
    tests("SimulationTests", ["IncidentModel", "Simulation"]),
    tests("OperatorToolTests", ["BusKeys", "IncidentModel", "AccessTokens", "OperatorTool", "TestKit"]),
    tests(
      "SystemTests",
      [
        "BusKeys", "IncidentModel", "AccessTokens", "HTTPBackend", "PostgresBackend", "TestKit", "Threads",
      ]),
  ],
  swiftLanguageModes: [.v6]
)

// What reads bytes from outside is fuzzed: for seconds in the tests, and as long as you like by scripts/fuzz, which
// builds the same harnesses as one program for libFuzzer, in a build folder of its own.
let fuzzed: [Target.Dependency] = [
  "IncidentModel", "IncidentEngine", "Settings", "MessageBus", "HTTPBackend", "PostgresBackend",
  "RedisBackend",
  "HostBackend", "Collection", "Notification", "Detection", "Diagnosis", "Resolution", "Coordination",
  "OperatorTool", hummingbird,
]
if Context.environment["AIOPS_FUZZ"] == nil {
  package.targets.append(
    .testTarget(name: "FuzzTests", dependencies: fuzzed, exclude: ["LibFuzzer"], swiftSettings: settings))
} else {
  package.products.append(.executable(name: "aiops-fuzz", targets: ["aiops-fuzz"]))
  package.targets.append(
    .executableTarget(
      name: "aiops-fuzz", dependencies: fuzzed, path: "Tests/FuzzTests", exclude: ["Suite"],
      swiftSettings: settings + [.unsafeFlags(["-parse-as-library"])]))
}
