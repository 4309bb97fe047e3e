import IncidentModel
import Logging

extension AgentLink {
  /// Says why a connection failed, at the first time and then ever more rarely.
  func log(_ failure: HandshakeWatch.Failure, endpoint: String) {
    guard let advice = failure.advice(security), isRound(failedHandshakes) else { return }
    // A coordinator that is just being restarted hangs up too.
    if failure == .hungUp && failedHandshakes < 4 { return }
    logger.error(
      "\(advice)", metadata: ["endpoint": "\(endpoint)", "times": "\(failedHandshakes)"])
  }

  func log(_ note: LinkNote) {
    switch note {
    case .connected(let welcome, let place):
      logger.info(
        "connected to the coordinator",
        metadata: [
          "coordinator": "\(welcome.coordinator)", "version": "\(welcome.version)",
          "epoch": "\(welcome.epoch)", "endpoint": "\(core.endpoints[place])",
        ])
    case .silent(let place):
      logger.warning("the coordinator is silent", metadata: ["endpoint": "\(core.endpoints[place])"])
    case .deposed(let place, let leader):
      logger.warning(
        "the coordinator no longer leads; looking for the one that does",
        metadata: ["endpoint": "\(core.endpoints[place])", "leader": "\(leader ?? "unknown")"])
    case .outdated(let place, let epoch, let seen, let count):
      logger.warning(
        """
        a coordinator of an earlier time is not listened to; where its journal was replaced on purpose, \
        restart this agent
        """,
        metadata: [
          "endpoint": "\(core.endpoints[place])", "epoch": "\(epoch)", "seen": "\(seen)",
          "times": "\(count)",
        ])
    case .jobNotTaken(let lease):
      logger.warning(
        "a job was not taken: no slot is free or its kind is wrong",
        metadata: ["incident_id": "\(lease.incident)", "kind": "\(lease.kind.rawValue)"])
    case .leaseLost(let lease, let reason):
      logger.warning(
        "a lease was lost", metadata: ["incident_id": "\(lease.incident)", "reason": "\(reason)"])
    case .resultUnsendable(let lease, let reason):
      logger.error(
        "a result breaks the rules of the bus",
        metadata: ["incident_id": "\(lease.incident)", "reason": "\(reason)"])
    case .resultNotTaken(let lease, let reason):
      logger.warning(
        "a result was not taken",
        metadata: ["incident_id": "\(lease.incident)", "reason": "\(reason)"])
    case .signalInvalid(let metric, let reason):
      logger.error(
        "a signal breaks the rules of the bus and was dropped",
        metadata: ["metric": "\(metric)", "reason": "\(reason)"])
    case .rejected(let reason, let count):
      logger.error(
        "the coordinator did not understand a message",
        metadata: ["reason": "\(reason)", "times": "\(count)"])
    }
  }
}
