import BusKeys
import IncidentEngine
import IncidentModel
import Logging
import MessageBus

/// Who may connect to the bus: read again while it runs, and kept in the journal.
extension Coordinator {
  /// How often the folder is looked at.
  static let keyPause = Duration.seconds(1)
  /// How soon the journal hears of it.
  static let tellPause = Duration.milliseconds(100)

  /// Follows the folder of allowed keys. Waits for no journal: who was revoked is cut off whatever else is wrong.
  func watchKeys(_ folder: KeyFolder) async {
    var seen: KeyFolder.Signature?
    var failures = 0
    while !Task.isCancelled {
      do throws(KeyError) {
        if let change = try await Self.look(at: folder, since: seen) {
          seen = change.signature
          allowedKeys = change.content.keys
          await admit(change.content)
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
      do { try await Task.sleep(for: Self.keyPause) } catch { return }
    }
  }

  /// Tells the journal who may connect and who was kept out, while this one leads.
  func tellKeys() async {
    // What the journal was last told, and under which leadership.
    var told: (keys: AllowedKeys, epoch: UInt64)?
    var refusals: [RefusedPeers] = []
    while !Task.isCancelled {
      if let epoch = core.epoch {
        // Taken first and told last: a key is revoked before its agent is kept out, in the journal too.
        if refusals.isEmpty {
          refusals = await bus.takeRefusals().map {
            RefusedPeers(
              reason: $0.reason.rawValue, key: $0.key, name: $0.name, address: $0.address, count: $0.count)
          }
        }
        if let keys = allowedKeys, told.map({ $0.keys != keys || $0.epoch != epoch }) ?? true,
          await submit(Self.input(keys)) != nil
        {
          told = (keys, epoch)
        }
        if !refusals.isEmpty, await submit(.refused(refusals)) != nil { refusals = [] }
      }
      do { try await Task.sleep(for: Self.tellPause) } catch { return }
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

  private static func input(_ keys: AllowedKeys) -> EngineInput {
    let names = keys.names.map { ($0.value, $0.key.text) }
    let kinds = keys.kinds.compactMap { key, kind in
      keys.names[key].map { ($0, AgentKind(kind)) }
    }
    return .allowed(
      Dictionary(names) { first, _ in first }, kinds: Dictionary(kinds) { first, _ in first })
  }

  /// Lets in who may, and cuts off who no longer may.
  private func admit(_ content: KeyFolder.Content) async {
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
  }

  /// Logs an entry of the audit; there are few of them by the engine's rules.
  func log(_ record: AccessRecord) {
    logger.log(
      level: record.kind == .refused || record.kind == .keyRevoked ? .warning : .notice, "\(record.text)",
      metadata: ["kind": "\(record.kind.rawValue)", "key": "\(record.key ?? "none")"])
  }
}
