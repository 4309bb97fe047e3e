import BusKeys
import Glibc
import Settings
import TestKit
import Testing

@Suite("The keys of the bus in the configuration") struct BusSecurityTests {
  private func make(_ folder: TemporaryFolder, _ names: String...) throws {
    for name in names { _ = try KeyStore.make(name, in: folder.path("keys")) }
  }

  private static let whole = """
    security:
      key: keys/me.key
      coordinator_key: keys/coordinator.pub
      allowed: keys/allowed
    """

  @Test("files are found beside the configuration; the environment's key goes before the file's")
  func files() async throws {
    try await TemporaryFolder.with { folder in
      try make(folder, "me", "coordinator", "other")
      let file = folder.path("aiops.yaml")
      let settings = try load(Self.whole, file: file).busSecurity
      #expect(settings.key == (try KeyFile.readPair(folder.path("keys/me.key"))))
      #expect(settings.coordinatorKey == (try KeyFile.readPublic(folder.path("keys/coordinator.pub"))))
      #expect(settings.allowed == folder.path("keys/allowed") && settings.isKeyed && !settings.insecure)
      let other = try load(
        Self.whole, file: file, environment: ["AIOPS_KEY_FILE": folder.path("keys/other.key")])
      #expect(other.busSecurity.key == (try KeyFile.readPair(folder.path("keys/other.key"))))
      // Nobody else's key need be there then.
      unlink(folder.path("keys/me.key"))
      #expect(
        problems(Self.whole, file: file, environment: ["AIOPS_KEY_FILE": folder.path("keys/other.key")]) == []
      )
      #expect(try load("", environment: [:]).busSecurity == BusSecuritySettings())
    }
  }

  @Test("what is wrong with a key file is said with file, line, key and the remedy, without the secret")
  func wrong() async throws {
    try await TemporaryFolder.with { folder in
      try make(folder, "me", "coordinator")
      let file = folder.path("aiops.yaml")
      let secret = try KeyFile.readPair(folder.path("keys/me.key")).secretKey.exposed
      chmod(folder.path("keys/me.key"), 0o644)
      let open = problems(Self.whole, file: file)
      #expect(open.count == 1 && open[0].hasPrefix("\(file):2:8: security.key: "), "\(open)")
      #expect(open[0].contains("chmod 600 \(folder.path("keys/me.key"))"))
      #expect(
        problems("security: {coordinator_key: keys/me.key}", file: file).first?.contains("secret key") == true
      )
      #expect(problems("security: {key: keys/no.key}", file: file).first?.contains("no such file") == true)
      #expect(
        problems("security: {key: keys/coordinator.pub}", file: file).first?.contains("keys new") == true)
      let environment = problems("", environment: ["AIOPS_KEY_FILE": "/nowhere.key"])
      #expect(environment == ["/nowhere.key: AIOPS_KEY_FILE: there is no such file"])
      #expect(problems("security: {keys: x}").first?.contains("did you mean \"key\"") == true)
      #expect(
        problems("security: {insecure: maybe}") == [
          "test.yaml:1:22: security.insecure: must be true or false, not text"
        ])
      #expect(!open.joined().contains(secret))
    }
  }

  @Test("beyond loopback the bus needs keys, or a word that it does not")
  func beyondLoopback() async throws {
    try await TemporaryFolder.with { folder in
      try make(folder, "me", "coordinator")
      let file = folder.path("aiops.yaml")
      for host in ["0.0.0.0", "*", "coordinator-1", "10.1.2.3"] {
        for place in [
          "coordinator: {bus: \"tcp://\(host):1\"}", "coordinator: {changes: \"tcp://\(host):1\"}",
          "coordinators: [\"tcp://\(host):1\"]",
        ] {
          let refused = problems(place)
          #expect(refused.count == 1 && refused[0].contains("security.insecure"), "\(refused)")
          #expect(problems(place + "\nsecurity: {insecure: true}") == [])
          #expect(problems(place + "\n" + Self.whole, file: file) == [])
          #expect(problems(place + "\n", environment: ["AIOPS_KEY_FILE": folder.path("keys/me.key")]) == [])
        }
      }
      for endpoint in ["tcp://a b:1", "tcp://:1", "tcp://-x:1", "tcp://h:0", "udp://h:1", "tcp://h/x:1"] {
        #expect(
          problems("coordinators: [\"\(endpoint)\"]\nsecurity: {insecure: true}").count == 1, "\(endpoint)")
      }
    }
  }

  @Test("each kind of process is told what it lacks, and none starts with half of it")
  func roles() async throws {
    try await TemporaryFolder.with { folder in
      try make(folder, "me", "coordinator")
      let file = folder.path("aiops.yaml")
      func agent(_ yaml: String) throws -> String {
        let settings = try load(yaml, file: file)
        do throws(SettingsError) {
          return try settings.busSecurity.agentKeys(file) == nil ? "none" : "keys"
        } catch {
          return error.description
        }
      }
      func coordinator(_ yaml: String) throws -> String {
        let settings = try load(yaml, file: file)
        do throws(SettingsError) {
          return try settings.busSecurity.coordinatorKeys(file) == nil ? "none" : "keys"
        } catch { return error.description }
      }
      for yaml in ["", "security: {insecure: true}"] {
        #expect(try agent(yaml) == "none" && coordinator(yaml) == "none")
      }
      #expect(try agent(Self.whole) == "keys")
      #expect(
        try agent("security: {key: keys/me.key}").hasPrefix(
          "\(file):1:11: security.coordinator_key: is missing"))
      #expect(try agent("security: {coordinator_key: keys/coordinator.pub}").contains("AIOPS_KEY_FILE"))
      #expect(try coordinator("security: {allowed: keys/allowed}").contains("security.key: is missing"))
      let own =
        "security: {key: keys/coordinator.key, coordinator_key: keys/coordinator.pub, allowed: keys/allowed}"
      #expect(try coordinator(own).contains("there is no folder"))
      mkdir(folder.path("keys/allowed"), 0o755)
      #expect(try coordinator(own) == "keys")
      #expect(try coordinator("security: {key: keys/me.key}").contains("security.allowed: is missing"))
      // Agents would hang up on a coordinator with another key than they expect.
      #expect(try coordinator(Self.whole).contains("share one pair"))
    }
  }

  @Test("a coordinator that listens everywhere is told by an address that others reach")
  func advertise() throws {
    let open = """
      security: {insecure: true}
      coordinator: {bus: "tcp://0.0.0.0:5570", changes: "tcp://*:5571", advertise: coordinator-1}
      """
    var places = try load(open).coordinator
    #expect(places.advertised(places.bus) == "tcp://coordinator-1:5570")
    #expect(places.advertised(places.changes) == "tcp://coordinator-1:5571")
    #expect(try load(open).busEndpoints == ["tcp://coordinator-1:5570"])
    // Scaled containers share a file and differ in their environment.
    let scaled = try load(open, environment: ["AIOPS_ADVERTISE": "10.0.0.7"]).coordinator
    #expect(scaled.advertised(scaled.bus) == "tcp://10.0.0.7:5570")
    places.advertise = nil
    #expect(places.advertised(places.bus) == places.bus)
    #expect(places.advertised("ipc:///run/bus") == "ipc:///run/bus")
    places.httpHost = "0.0.0.0"
    #expect(places.advertisedHTTP(machine: "box") == "box:8080")
    places.advertise = "name"
    #expect(places.advertisedHTTP(machine: "box") == "name:8080")
    places.httpHost = "127.0.0.1"
    #expect(places.advertisedHTTP(machine: "box") == "127.0.0.1:8080")
    #expect(places.advertised("tcp://127.0.0.1:1") == "tcp://127.0.0.1:1")
    // Agents of the same file on the same machine.
    let local = "security: {insecure: true}\ncoordinator: {bus: \"tcp://*:5570\"}"
    #expect(try load(local).busEndpoints == ["tcp://127.0.0.1:5570"])
    for wrong in ["http://x", "a:1", "a b", ""] {
      #expect(problems("coordinator: {advertise: \"\(wrong)\"}").count == 1)
    }
    #expect(problems("", environment: ["AIOPS_ADVERTISE": "a:1"]).count == 1)
  }
}
