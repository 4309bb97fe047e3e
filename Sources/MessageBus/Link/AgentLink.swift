package import IncidentModel
package import Logging

/// An agent's side of the bus.
///
/// ``run()`` connects, keeps the connection, and does the leased work; everything else may be called
/// from anywhere meanwhile.
package actor AgentLink: SignalSink, JobReporter {
  /// - Parameters:
  ///   - info: who the agent is; `instance` must be unique to this run of the process.
  ///   - endpoint: the coordinator's bus, e.g. `tcp://127.0.0.1:7711`.
  ///   - worker: what does leased jobs; `nil` for an agent that takes none.
  ///   - slots: jobs at once.
  ///   - security: how the peers know each other.
  ///   - timing: the intervals that the coordinator does not set.
  ///   - spoolLimit: signals kept until the coordinator has them.
  ///   - logger: for the connection's state and what is refused.
  package init(
    info: AgentInfo, endpoint: String, worker: (any JobWorker)? = nil, slots: Int = 1,
    security: BusSecurity = .none, timing: LinkTiming = LinkTiming(), spoolLimit: Int = 10_000,
    logger: Logger
  ) {
  }

  /// Serves the link until the task is cancelled; then cancels the workers, says goodbye and closes.
  package func run() async {}

  /// Whether the coordinator answered lately.
  package var isConnected: Bool { false }

  /// Returns when the coordinator has welcomed the agent, at once if it has.
  /// - Throws: when the task is cancelled before.
  package func ready() async throws(CancellationError) {}

  /// The coordinator's last welcome.
  package var welcome: Welcome? { nil }

  /// What was counted so far.
  package var counters: LinkCounters { LinkCounters() }

  package func submit(_ signals: [Signal]) async {}
  package func exchanged(_ exchange: Exchange, on lease: Lease) async throws(LeaseError) {}
  package func intend(step index: Int, name: String, on lease: Lease) async throws(LeaseError) {}
  package func concluded(_ outcome: StepOutcome, on lease: Lease) async throws(LeaseError) {}
}
