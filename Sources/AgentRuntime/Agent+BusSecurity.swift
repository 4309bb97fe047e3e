package import MessageBus
package import Settings

extension Agent {
  /// How this agent makes itself known on the bus, and the coordinators to it.
  /// - Throws: `SettingsError` when only a part of what it needs is configured.
  package func busSecurity() throws(SettingsError) -> BusSecurity {
    let configured = settings.busSecurity
    guard let keys = try configured.agentKeys(settings.file) else {
      return configured.insecure ? .insecure : .none
    }
    return .agent(keys.own, coordinator: keys.coordinator)
  }
}
