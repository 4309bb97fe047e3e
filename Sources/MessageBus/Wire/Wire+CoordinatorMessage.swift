import IncidentModel
import SwiftProtobuf

extension PBEnvelope.OneOf_Body {
  init(_ message: CoordinatorMessage) {
    switch message {
    case .welcome(let welcome): self = .welcome(PBWelcome(welcome))
    case .heartbeatAcknowledged(let sequence, let leases):
      self = .heartbeatAcknowledged(
        PBHeartbeatAcknowledged.with {
          $0.sequence = sequence
          $0.leases = leases.map(PBLease.init)
        })
    case .accepted(let batch, let pause):
      self = .accepted(
        PBBatchAccepted.with {
          $0.batch = batch
          $0.pause = pause
        })
    case .work(let job): self = .work(PBJob(job))
    case .granted(let request): self = .granted(PBRequestGranted.with { $0.request = request })
    case .refused(let request, let reason):
      self = .refused(
        PBRequestRefused.with {
          $0.request = request
          $0.reason = WireRules.cut(reason)
        })
    case .revoked(let lease, let reason):
      self = .revoked(
        PBLeaseRevoked.with {
          $0.lease = PBLease(lease)
          $0.reason = WireRules.cut(reason)
        })
    case .unknownAgent: self = .unknownAgent(PBUnknownAgent())
    case .notLeading(let leader): self = .notLeading(PBNotLeading.with { $0.leader = leader ?? "" })
    case .snapshot(let request, let snapshot):
      self = .snapshot(
        PBSnapshotReply.with {
          $0.request = request
          $0.snapshot = PBSnapshot(snapshot)
        })
    case .rejected(let reason):
      self = .rejected(PBFrameRejected.with { $0.reason = WireRules.cut(reason) })
    case .shardGranted(let grant): self = .shardGranted(PBShardGrant(grant))
    case .shardRecalled(let held): self = .shardRecalled(PBHeldShard(held))
    case .shardPassedOn(let held): self = .shardPassedOn(PBHeldShard(held))
    case .shardsNoted(let notice): self = .shardsNoted(PBShardNotice(notice))
    }
  }

  /// What the coordinator may say to an agent.
  func coordinatorMessage() throws(WireError) -> CoordinatorMessage {
    switch self {
    case .welcome(let welcome): return .welcome(try welcome.model())
    case .heartbeatAcknowledged(let acknowledged):
      return .heartbeatAcknowledged(
        sequence: acknowledged.sequence,
        leases: try WireRules.list(acknowledged.leases, "heartbeat_acknowledged.leases"))
    case .accepted(let accepted): return .accepted(batch: accepted.batch, pause: accepted.pause)
    case .work(let job): return .work(try job.model())
    case .granted(let granted): return .granted(request: granted.request)
    case .refused(let refused):
      return .refused(
        request: refused.request, reason: try WireRules.prose(refused.reason, "refused.reason"))
    case .revoked(let revoked):
      return .revoked(
        try WireRules.required(revoked.hasLease, revoked.lease, "revoked.lease"),
        reason: try WireRules.prose(revoked.reason, "revoked.reason"))
    case .unknownAgent: return .unknownAgent
    case .notLeading(let other):
      let leader = try WireRules.word(other.leader, "not_leading.leader")
      return .notLeading(leader: leader.isEmpty ? nil : leader)
    case .snapshot(let reply):
      return .snapshot(
        request: reply.request,
        try WireRules.required(reply.hasSnapshot, reply.snapshot, "snapshot.snapshot"))
    case .rejected(let rejected):
      return .rejected(reason: try WireRules.prose(rejected.reason, "rejected.reason"))
    case .shardGranted(let grant): return .shardGranted(try grant.model())
    case .shardRecalled(let held): return .shardRecalled(try held.model())
    case .shardPassedOn(let held): return .shardPassedOn(try held.model())
    case .shardsNoted(let notice): return .shardsNoted(try notice.model())
    default: throw .unexpected("the coordinator cannot say this")
    }
  }
}
