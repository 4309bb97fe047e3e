import BusKeys
import Yams

extension SettingsReader {
  /// The environment's variable that names this process's key file.
  static let keyVariable = "AIOPS_KEY_FILE"

  /// What `security` and the environment say of the bus; other keys of the section are for others.
  func busSecurity(_ map: YAMLMap?) -> BusSecuritySettings {
    var settings = BusSecuritySettings()
    if let map {
      settings.line = map.value.node.mark?.line
      settings.column = map.value.node.mark?.column
      map.set("insecure", to: &settings.insecure) { $0.bool() }
      map.set("coordinator_key", to: &settings.coordinatorKey) { value in
        keyFile(value, KeyFile.readPublic)
      }
      map.set("allowed", to: &settings.allowed) { $0.text().map(resolve) }
    }
    let named = map?.optional("key")
    if let path = environment[Self.keyVariable], !path.isEmpty {
      // The file's own key is another process's, who may be the only one to read it.
      do throws(KeyError) { settings.key = try KeyFile.readPair(path) } catch {
        log.add(
          SettingsProblem(
            file: error.file, line: error.line, path: Self.keyVariable, message: error.message))
      }
    } else if let named {
      settings.key = keyFile(named, KeyFile.readPair)
    }
    return settings
  }

  private func keyFile<Key>(_ value: YAMLValue, _ read: (String) throws(KeyError) -> Key) -> Key? {
    guard let text = value.text() else { return nil }
    do throws(KeyError) { return try read(resolve(text)) } catch {
      value.report(error.description)
      return nil
    }
  }

  /// The host that others reach this coordinator at.
  func advertised(_ value: YAMLValue) -> String? {
    guard let text = value.text(1...253) else { return nil }
    if NetworkText.isHost(text) { return text }
    value.report("must be a host name or an IPv4 address without a port, such as coordinator-1")
    return nil
  }

  /// The environment's word on ``CoordinatorSettings/advertise``, which goes before the file's.
  func advertiseFromEnvironment() -> String? {
    guard let text = environment["AIOPS_ADVERTISE"], !text.isEmpty else { return nil }
    if NetworkText.isHost(text) { return text }
    log.add(
      SettingsProblem(
        file: "the environment", path: "AIOPS_ADVERTISE",
        message: "must be a host name or an IPv4 address without a port, such as coordinator-1"))
    return nil
  }
}
