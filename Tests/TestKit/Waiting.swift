import Glibc
import Threads

/// Waits even in a cancelled task, for cleanups.
func pause(_ duration: Duration) async {
  // Unstructured, because a child task would inherit the cancellation that must not end the wait.
  await Task.detached { try? await Task.sleep(for: duration) }.value
}

/// How much longer everything may take: the thread sanitizer makes it several times slower.
package let slowness = getenv("TSAN_OPTIONS") == nil ? 1 : 5

/// Looks every few milliseconds whether something became true.
///
/// - Parameters:
///   - timeout: how long to go on looking.
///   - what: what is waited for, for the error.
///   - condition: what shall become true; an error counts as not yet, and is shown when time is up.
/// - Throws: when it did not become true in time, or the task is cancelled.
package func eventually(
  timeout: Duration = .seconds(10), _ what: String = "the condition",
  isolation: isolated (any Actor)? = #isolation,
  _ condition: () async throws -> Bool
) async throws {
  let end = ContinuousClock.now + timeout * slowness
  var wait = Duration.milliseconds(2)
  while true {
    var last: (any Error)?
    do {
      if try await condition() { return }
    } catch {
      last = error
    }
    guard ContinuousClock.now < end else {
      throw TestKitError("\(what) did not come true within \(timeout)\(last.map { ": \($0)" } ?? "")")
    }
    try await Task.sleep(for: wait)
    wait = min(wait * 2, .milliseconds(50))
  }
}

/// A free TCP port of the loopback, from the kernel.
///
/// It is free when asked; the kernel gives out such ports in turn, so that another rarely gets it before the
/// server that it is for.
package func freePort() -> Int {
  let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
  defer { close(descriptor) }
  var address = loopback(port: 0)
  let size = socklen_t(MemoryLayout<sockaddr_in>.size)
  let code = withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) }
  }
  precondition(code == 0, "the kernel has no free port")
  return port(of: descriptor)
}

/// 127.0.0.1 and a port.
func loopback(port: Int) -> sockaddr_in {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = in_port_t(port).bigEndian
  address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
  return address
}

/// The port that a socket is bound to.
func port(of descriptor: CInt) -> Int {
  var address = sockaddr_in()
  var size = socklen_t(MemoryLayout<sockaddr_in>.size)
  _ = withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &size) }
  }
  return Int(in_port_t(bigEndian: address.sin_port))
}

/// Whether somebody listens on a port of the loopback.
func isListening(port: Int) -> Bool {
  let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
  defer { close(descriptor) }
  var address = loopback(port: port)
  return withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
    }
  }
}

/// A repeatable source of chance: SplitMix64 (Steele, Lea, Flood 2014, "Fast splittable pseudorandom number
/// generators").
package struct SeededRandom: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// The same seed gives the same numbers for ever.
  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
