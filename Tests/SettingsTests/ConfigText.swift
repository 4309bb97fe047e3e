import Settings

/// Reading of configuration that is written in a test.
func load(
  _ yaml: String, file: String = "test.yaml", environment: [String: String] = [:]
) throws(SettingsError) -> SystemSettings {
  try SettingsLoader.parse(Array(yaml.utf8), file: file, environment: environment)
}

/// The problems of configuration that must not load, as lines; empty when it loads.
func problems(
  _ yaml: String, file: String = "test.yaml", environment: [String: String] = [:]
) -> [String] {
  do throws(SettingsError) {
    _ = try load(yaml, file: file, environment: environment)
    return []
  } catch {
    return error.problems.map(\.description)
  }
}
