import IncidentModel
import SwiftProtobuf

extension PBEnvelope.OneOf_Body {
  init(_ message: AgentMessage) {
    switch message {
    case .hello(let info): self = .hello(PBAgentInfo(info))
    case .heartbeat(let heartbeat): self = .heartbeat(PBHeartbeat(heartbeat))
    case .signals(let batch, let signals):
      self = .signals(
        PBSignalBatch.with {
          $0.batch = batch
          $0.signals = signals.map(PBSignal.init)
        })
    case .exchanged(let request, let exchange, let lease):
      self = .exchanged(
        PBExchangeStated.with {
          $0.request = request
          $0.exchange = PBExchange(exchange)
          $0.lease = PBLease(lease)
        })
    case .intend(let request, let step, let name, let lease):
      self = .intend(
        PBStepIntended.with {
          $0.request = request
          $0.step = Int64(step)
          $0.name = name
          $0.lease = PBLease(lease)
        })
    case .concluded(let request, let outcome, let lease):
      self = .concluded(
        PBStepConcluded.with {
          $0.request = request
          $0.outcome = PBStepOutcome(outcome)
          $0.lease = PBLease(lease)
        })
    case .finished(let request, let result, let lease):
      self = .finished(
        PBJobFinished.with {
          $0.request = request
          $0.result = PBJobResult(result)
          $0.lease = PBLease(lease)
        })
    case .snapshot(let request): self = .snapshotRequest(PBSnapshotRequest.with { $0.request = request })
    case .goodbye: self = .goodbye(PBGoodbye())
    case .shards(let report): self = .shards(PBShardReport(report))
    case .shardMemory(let memory): self = .shardMemory(PBShardMemory(memory))
    }
  }

  /// What an agent may say.
  func agentMessage() throws(WireError) -> AgentMessage {
    switch self {
    case .hello(let info): return .hello(try info.model())
    case .heartbeat(let heartbeat): return .heartbeat(try heartbeat.model())
    case .signals(let batch):
      return .signals(batch: batch.batch, try WireRules.list(batch.signals, "signals.signals"))
    case .exchanged(let stated):
      return .exchanged(
        request: stated.request,
        try WireRules.required(stated.hasExchange, stated.exchange, "exchanged.exchange"),
        try WireRules.required(stated.hasLease, stated.lease, "exchanged.lease"))
    case .intend(let intended):
      return .intend(
        request: intended.request, step: try WireRules.count(intended.step, "intend.step"),
        name: try WireRules.name(intended.name, "intend.name"),
        try WireRules.required(intended.hasLease, intended.lease, "intend.lease"))
    case .concluded(let concluded):
      return .concluded(
        request: concluded.request,
        try WireRules.required(concluded.hasOutcome, concluded.outcome, "concluded.outcome"),
        try WireRules.required(concluded.hasLease, concluded.lease, "concluded.lease"))
    case .finished(let finished):
      return .finished(
        request: finished.request,
        try WireRules.required(finished.hasResult, finished.result, "finished.result"),
        try WireRules.required(finished.hasLease, finished.lease, "finished.lease"))
    case .snapshotRequest(let asked): return .snapshot(request: asked.request)
    case .goodbye: return .goodbye
    case .shards(let report): return .shards(try report.model())
    case .shardMemory(let memory): return .shardMemory(try memory.model())
    default: throw .unexpected("an agent cannot say this")
    }
  }
}
