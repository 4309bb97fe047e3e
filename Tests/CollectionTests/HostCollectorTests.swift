import Collection
import IncidentModel
import Settings
import TestKit
import Testing

@Suite("Host collector")
struct HostCollectorTests {
  @Test("this machine has plausible values at the first collection")
  func plausible() async throws {
    let collector = makeCollector(for: source("here", .host(HostSourceSettings())), on: "web-1")
    let samples = try await collector.collect(at: now)
    for name in ["host_cpu_usage", "host_memory_usage", "host_disk_usage"] {
      let value = try #require(samples.value(name), "\(name)")
      #expect((0...100).contains(value), "\(name)")
    }
    #expect(try #require(samples.value("host_load_per_core")) >= 0)
    #expect(samples.contains { $0.name == "host_disk_usage" && $0.labels["mount"] == "/" })
    #expect(samples.allSatisfy { $0.labels["target"] == "here" && $0.value.isFinite })
    #expect(samples.allSatisfy { $0.labels["host"] == "web-1" })
    #expect(Set(samples.map(\.fingerprint)).count == samples.count)
    #expect(try await !collector.collect(at: now).isEmpty)
    await collector.close()
  }

  @Test("a folder is held against its budget; a missing mount or folder is remarked and costs nothing else")
  func budget() async throws {
    try await TemporaryFolder.with("budget") { folder in
      var settings = HostSourceSettings()
      settings.mounts = ["/", "/no/such/mount"]
      settings.folders = [
        FolderSettings(path: folder.path, budgetBytes: 10_000), FolderSettings(path: "/no/such/folder"),
      ]
      let collector = makeCollector(for: source("here", .host(settings)))
      #expect(try await collector.collect(at: now).value("host_folder_usage") == 0)
      try folder.write([UInt8](repeating: 1, count: 9_500), to: "logs/app.log")
      let samples = try await collector.collect(at: now)
      #expect(samples.value("host_folder_usage") == 95)
      #expect(samples.filter { $0.name == "host_folder_usage" }.map { $0.labels["folder"] } == [folder.path])
      #expect(samples.filter { $0.name == "host_disk_usage" }.map { $0.labels["mount"] } == ["/"])
      #expect(await collector.takeNotes().count == 2)
      await collector.close()
    }
  }

  @Test("a folder that is counted only in part gives no value but a remark")
  func partial() async throws {
    try await TemporaryFolder.with("partial") { folder in
      let deep = String(repeating: "d/", count: 40)
      try folder.write([UInt8](repeating: 1, count: 100), to: deep + "file")
      try folder.write([UInt8](repeating: 1, count: 100), to: "flat/file")
      var settings = HostSourceSettings()
      settings.folders = [
        FolderSettings(path: folder.path("d"), budgetBytes: 1000),
        FolderSettings(path: folder.path("flat"), budgetBytes: 1000),
      ]
      let collector = makeCollector(for: source("here", .host(settings)))
      let samples = try await collector.collect(at: now).filter { $0.name == "host_folder_usage" }
      #expect(samples.map(\.labels["folder"]) == [folder.path("flat")])
      #expect(samples.map(\.value) == [10])
      #expect(await collector.takeNotes().count == 1)
      await collector.close()
    }
  }
}
