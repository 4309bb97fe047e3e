import Glibc

/// How busy this machine is.
package enum MachineLoad {
  /// Runnable processes a core over the last minute; 0 when the system does not say.
  package static func current() -> Double {
    var average = 0.0
    guard getloadavg(&average, 1) == 1, average.isFinite, average >= 0 else { return 0 }
    return average / Double(max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1))
  }
}
