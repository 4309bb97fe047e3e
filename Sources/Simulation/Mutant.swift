/// Defects put in on purpose, each at the seam that the real code relies on: the simulation must catch every one.
package enum Mutant: String, CaseIterable, Sendable {
  /// The store takes appends of an epoch that is over.
  case fencingOff = "fencing off"
  /// Jobs, announcements and changes leave before they are in the journal.
  case effectBeforeJournal = "effect before journal"
  /// Readers see what the engine knows, and not only what is in the journal.
  case readersAhead = "readers ahead of the journal"
  /// Agents and people are answered before it is in the journal.
  case acknowledgedBeforeCommit = "acknowledgement before commit"
  /// A new leader forgets its predecessor's deadlines.
  case timersForgotten = "timers forgotten at restart"
  /// Deadlines count anew from the moment that a new leader begins.
  case timersRestarted = "timers counted anew at restart"
  /// A follower does not see that its copy of the journal has a gap.
  case gapIgnored = "snapshot gap ignored"
  /// A subscriber of changes does not see that some are missing.
  case changesNotNumbered = "gap in the changes ignored"
  /// A lease is never taken back.
  case leaseNeverExpires = "lease never expires"
  /// A verdict that nobody could reach counts as recovery.
  case unknownIsRecovered = "unknown taken for recovered"
  /// Signals are not recognised when they come again.
  case duplicatesCount = "duplicate signal counts again"
  /// A step that must not run twice is taken for one that may.
  case everythingIdempotent = "every step taken for idempotent"
  /// A step runs before its intent was granted.
  case runBeforeIntent = "step runs before its intent"
  /// A worker goes on when its lease is gone.
  case leaseLossIgnored = "worker ignores a lost lease"
  /// A detector forgets its signals when they are sent.
  case signalsNotResent = "signals forgotten when sent"
  /// Time of the wall clock, wherever it jumps.
  case wallClock = "deadlines by the wall clock"
  /// What people were not told before a crash is forgotten.
  case announcementsForgotten = "announcements forgotten at restart"
  /// Who took an announcement before a crash is told again.
  case toldForgotten = "told again after a restart"
  /// Only a part of a transaction is written when the power goes.
  case tornWrite = "torn write taken for whole"
  /// A shard is granted to the next detector before the last one gave it back.
  case shardBeforeRelease = "shard handed over before its release"
  /// What was raised by the last owner of a shard is not known to the next.
  case alarmsForgotten = "alarms forgotten on a move"
  /// Every escalation step is told under a new key by each leader.
  case keysRenewed = "announcement keys made anew"
}
