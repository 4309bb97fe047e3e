/// What a link has counted since it was made; every number but ``spooled`` and ``spoolBytes`` only rises.
package struct LinkCounters: Hashable, Sendable {
  /// Welcomes: connections made.
  package var welcomes = 0
  /// Signals that wait for the coordinator's word now.
  package var spooled = 0
  /// Bytes of the spool on the disk now.
  package var spoolBytes = 0
  /// Signals that could not be kept on the disk, and waited in memory alone.
  package var unkeptSignals = 0
  /// Signals that the coordinator has.
  package var acceptedSignals = 0
  /// Signals that a later one of the same fingerprint replaced before they left.
  package var coalescedSignals = 0
  /// Signals that were lost because the spool was full.
  package var droppedSignals = 0
  /// Signals that break the wire's rules (NaN, endless text): a defect of the detector.
  package var invalidSignals = 0
  /// Batches and requests sent again.
  package var resends = 0
  /// Jobs begun.
  package var jobs = 0
  /// Jobs that were not taken: no slot was free, or the kind was wrong.
  package var refusedJobs = 0
  /// Leases lost before the work was done.
  package var lostLeases = 0
  /// Frames from the coordinator that were not understood.
  package var malformedFrames = 0
  /// Connections that failed in the handshake: no key fits, or none is there.
  package var failedHandshakes = 0
  /// Times that the coordinator did not understand us.
  package var rejections = 0
  /// Welcomes of coordinators with a lower epoch than one heard before.
  package var outdated = 0
  /// Messages of coordinators that are not home.
  package var ignored = 0
  /// How long batches had to wait because the coordinator asked for it.
  package var throttled = Duration.zero
}
