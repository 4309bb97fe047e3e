import Glibc
import HostBackend
import Threads

/// The thread on which reading the machine blocks.
actor HostThread {
  /// The unit of processor time in `/proc`.
  static let ticksPerSecond = Double(sysconf(CInt(_SC_CLK_TCK)))

  private let probe = HostProbe()
  private let executor = ThreadExecutor(name: "diagnosis-host")

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  func run<Value: Sendable>(_ body: @Sendable (HostProbe) throws -> Value) throws -> Value {
    try body(probe)
  }

  nonisolated func shutdown() { executor.shutdown() }
}
