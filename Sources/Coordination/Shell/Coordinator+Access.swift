import BusKeys
import IncidentEngine
import Logging
import MessageBus

/// Who may connect to the bus: read again while it runs, and kept in the journal.
extension Coordinator {
  /// How often the folder is looked at.
  static let keyPause = Duration.seconds(1)

  /// Follows the folder of allowed keys, and tells the journal what came of it while this one leads.
  func watchKeys(_ folder: KeyFolder) async {
    var seen: KeyFolder.Signature?
    var allowed: [String: String]?
    // What the journal was last told, and under which leadership.
    var told: (keys: [String: String], epoch: UInt64)?
    var refusals: [RefusedPeers] = []
    var failures = 0
    while !Task.isCancelled {
      do throws(KeyError) {
        if let change = try await Self.look(at: folder, since: seen) {
          seen = change.signature
          allowed = await admit(change.content)
        }
        failures = 0
      } catch {
        failures += 1
        if isRound(failures) {
          logger.error(
            "the folder of allowed keys can't be read; who was allowed before still is",
            metadata: ["reason": "\(error)"])
        }
      }
      if let epoch = core.epoch {
        if let keys = allowed, told.map({ $0.keys != keys || $0.epoch != epoch }) ?? true,
          await submit(.allowed(keys)) != nil
        {
          told = (keys, epoch)
        }
        if refusals.isEmpty {
          refusals = await bus.takeRefusals().map {
            RefusedPeers(
              reason: $0.reason.rawValue, key: $0.key, name: $0.name, address: $0.address, count: $0.count)
          }
        }
        if !refusals.isEmpty, await submit(.refused(refusals)) != nil { refusals = [] }
      }
      do { try await Task.sleep(for: Self.keyPause) } catch { return }
    }
  }

  /// Off the actor, because files may be slow.
  @concurrent
  private static func look(
    at folder: KeyFolder, since seen: KeyFolder.Signature?
  ) async throws(KeyError) -> (signature: KeyFolder.Signature, content: KeyFolder.Content)? {
    // Taken before the files are read: what changes meanwhile is seen the next time.
    let signature = try folder.signature()
    return signature == seen ? nil : (signature, try folder.read())
  }

  /// Lets in who may, and cuts off who no longer may.
  /// - Returns: the key of every name.
  private func admit(_ content: KeyFolder.Content) async -> [String: String] {
    for problem in content.problems.prefix(20) {
      logger.error("a key file was ignored; it lets nobody in", metadata: ["reason": "\(problem)"])
    }
    let ended = await bus.admit(content.keys)
    logger.notice(
      "allowed keys read",
      metadata: [
        "allowed": "\(content.keys.names.count)", "revoked": "\(content.keys.revoked.count)",
        "ignored": "\(content.problems.count)", "connections_ended": "\(ended)",
      ])
    return Dictionary(content.keys.names.map { ($0.value, $0.key.text) }) { first, _ in first }
  }

  /// Logs an entry of the audit; there are few of them by the engine's rules.
  func log(_ record: AccessRecord) {
    logger.log(
      level: record.kind == .refused || record.kind == .keyRevoked ? .warning : .notice, "\(record.text)",
      metadata: ["kind": "\(record.kind.rawValue)", "key": "\(record.key ?? "none")"])
  }
}
