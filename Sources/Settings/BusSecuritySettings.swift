package import BusKeys

/// How the peers of the bus know each other: the parts of `security` that the bus heeds.
///
/// One file serves every process, so only some of it may be meant for this one: see ``agentKeys(_:)`` and
/// ``coordinatorKeys(_:)``.
package struct BusSecuritySettings: Sendable, Equatable {
  /// An agent's keys: its own, and what it expects of every coordinator.
  package struct AgentKeys: Sendable, Equatable {
    package var own: KeyPair
    package var coordinator: PublicKey
  }

  /// A coordinator's: its own, and the folder of those who may connect.
  package struct CoordinatorKeys: Sendable, Equatable {
    package var own: KeyPair
    package var allowed: String
  }

  /// Whether the bus may be reached from other machines without keys.
  package var insecure = false
  /// This process's own pair.
  package var key: KeyPair?
  /// The key of every coordinator.
  package var coordinatorKey: PublicKey?
  /// The folder of those who may connect to a coordinator.
  package var allowed: String?
  /// The line of the section, from 1, where there is one.
  var line: Int?
  var column: Int?

  /// No keys.
  package init() {}

  /// Whether there are keys, or are meant to be: then the bus may listen on, and agents connect to, any address.
  package var isKeyed: Bool { key != nil || coordinatorKey != nil || allowed != nil }

  /// Whether addresses beyond this machine are allowed.
  var mayLeaveMachine: Bool { insecure || isKeyed }

  /// What an agent connects with; `nil` for no keys.
  /// - Parameter file: the configuration's, for the error.
  /// - Throws: `SettingsError` when only a part of it is there.
  package func agentKeys(_ file: String?) throws(SettingsError) -> AgentKeys? {
    guard isKeyed else { return nil }
    guard let key else { throw missing("key", Self.howToKey, file) }
    guard let coordinatorKey else {
      throw missing(
        "coordinator_key", "name the \(KeyFile.publicEnding) file of the key that the coordinators share",
        file)
    }
    return AgentKeys(own: key, coordinator: coordinatorKey)
  }

  /// What a coordinator listens with; `nil` for no keys.
  /// - Parameter file: the configuration's, for the error.
  /// - Throws: `SettingsError` when only a part of it is there, or the folder is missing.
  package func coordinatorKeys(_ file: String?) throws(SettingsError) -> CoordinatorKeys? {
    guard isKeyed else { return nil }
    guard let key else { throw missing("key", Self.howToKey, file) }
    guard let allowed else {
      throw missing("allowed", "name the folder of keys that may connect (aiopsctl keys allow)", file)
    }
    if let coordinatorKey, coordinatorKey != key.publicKey {
      throw problem(
        "coordinator_key",
        "is not the public key of this coordinator's key; all coordinators share one pair, and agents expect it",
        file)
    }
    guard KeyFolder(allowed).exists else {
      throw problem(
        "allowed", "there is no folder \(Shown.text(allowed)); make it with aiopsctl keys allow, or mkdir",
        file)
    }
    return CoordinatorKeys(own: key, allowed: allowed)
  }

  private static let howToKey =
    "name this process's \(KeyFile.pairEnding) file here or in the environment's AIOPS_KEY_FILE "
    + "(aiopsctl keys new makes one)"

  private func missing(_ key: String, _ remedy: String, _ file: String?) -> SettingsError {
    problem(key, "is missing while other keys of the bus are given; \(remedy)", file)
  }

  private func problem(_ key: String, _ message: String, _ file: String?) -> SettingsError {
    SettingsError([
      SettingsProblem(
        file: file ?? "the environment", line: line, column: column, path: "security.\(key)", message: message
      )
    ])
  }
}
