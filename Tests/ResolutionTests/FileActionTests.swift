import IncidentModel
import Resolution
import Settings
import TestKit
import Testing

@Suite("Deleting old files")
struct FileActionTests {
  private func delete(
    _ folder: String, _ pattern: String = "*.log", olderThan: Double = 3600, limit: Int = 1000
  ) -> Action {
    .deleteFiles(FileFilter(folder: folder, pattern: pattern, olderThanSeconds: olderThan, limit: limit))
  }

  private func bench(_ path: String, deletable: [String] = ["*.log", "*.tmp"], keep: Double = 60) -> Bench {
    Bench.folder(FolderSettings(path: path, deletable: deletable, keepSeconds: keep))
  }

  @Test("deletes old files that match, in folders below too, and says how much that frees")
  func deletes() async throws {
    try await TemporaryFolder.with { folder in
      let old = try ["a.log", "sub/b.log", "sub/deep/c.log"].map { name in
        Disk.folder(at: folder.path("sub"))
        Disk.folder(at: folder.path("sub/deep"))
        let path = try folder.write(String(repeating: "x", count: 5000), to: name)
        Disk.age(path, seconds: 7200)
        return path
      }
      let stay = try ["young.log", "old.dat", ".hidden.log"].map { try folder.write("x", to: $0) }
      Disk.age(folder.path("old.dat"), seconds: 7200)
      Disk.age(folder.path(".hidden.log"), seconds: 7200)
      let run = await bench(folder.path).run(delete(folder.path))
      #expect(run.isSuccess && run.detail.contains("deleted 3 files"), "\(run.detail)")
      #expect(run.detail.contains("24 KiB"), "\(run.detail)")
      for path in old { #expect(!Disk.exists(path), "\(path)") }
      for path in stay { #expect(Disk.exists(path), "\(path)") }
    }
  }

  @Test("symbolic links, pipes and .. lead nowhere")
  func escapes() async throws {
    try await TemporaryFolder.with("outside") { outside in
      try await TemporaryFolder.with("inside") { inside in
        let treasure = try outside.write("gold", to: "treasure.log")
        Disk.age(treasure, seconds: 7200)
        Disk.link(treasure, at: inside.path("link.log"))
        Disk.link(outside.path, at: inside.path("folder"))
        Disk.link(outside.path, at: inside.path("folder.log"))
        Disk.pipe(at: inside.path("pipe.log"))
        for name in ["link.log", "folder.log", "pipe.log"] { Disk.age(inside.path(name), seconds: 7200) }
        let run = await bench(inside.path).run(delete(inside.path))
        #expect(run.isSuccess && run.detail.hasPrefix("none matched"), "\(run.detail)")
        #expect(run.detail.contains("left out 3 entries"), "\(run.detail)")
        #expect(Disk.exists(treasure) && Disk.exists(inside.path("link.log")))

        for path in [
          inside.path + "/../" + outside.path.split(separator: "/").last!, outside.path, inside.path + "/",
          "/",
        ] {
          let refused = await bench(inside.path).run(delete(path))
          #expect(!refused.isSuccess && refused.detail.contains("not declared"), "\(refused.detail)")
        }
        for pattern in ["../*.log", "*/../../*.log", "folder/*.log", outside.path + "/*.log"] {
          let none = await bench(inside.path, deletable: [pattern]).run(delete(inside.path, pattern))
          #expect(none.detail.hasPrefix("none matched"), "\(none.detail)")
        }
        // A declared folder that is itself a link is not followed.
        Disk.link(outside.path, at: inside.path("declared"))
        let linked = await bench(inside.path("declared")).run(delete(inside.path("declared")))
        #expect(!linked.isSuccess && linked.detail.contains("can't open"), "\(linked.detail)")
        #expect(Disk.exists(treasure))
      }
    }
  }

  @Test("younger than the config keeps is never deleted, whatever the runbook says")
  func keepSeconds() async throws {
    try await TemporaryFolder.with { folder in
      let path = try folder.write("x", to: "a.log")
      Disk.age(path, seconds: 600)
      let kept = await bench(folder.path, keep: 3600).run(delete(folder.path, olderThan: 0))
      #expect(kept.detail.hasPrefix("none matched"), "\(kept.detail)")
      let gone = await bench(folder.path, keep: 300).run(delete(folder.path, olderThan: 0))
      #expect(gone.detail.contains("deleted 1 files"), "\(gone.detail)")
    }
  }

  @Test("a wider pattern than declared deletes what is declared only; nothing declared deletes nothing")
  func declaredOnly() async throws {
    try await TemporaryFolder.with { folder in
      for name in ["a.log", "b.db"] {
        Disk.age(try folder.write("x", to: name), seconds: 7200)
      }
      let refused = await bench(folder.path, deletable: []).run(delete(folder.path, "*"))
      #expect(!refused.isSuccess, "\(refused.detail)")
      let run = await bench(folder.path).run(delete(folder.path, "*"))
      #expect(run.detail.contains("deleted 1 files"), "\(run.detail)")
      #expect(Disk.exists(folder.path("b.db")))
    }
  }

  @Test("the limit holds, the oldest go first")
  func limit() async throws {
    try await TemporaryFolder.with { folder in
      for index in 0..<30 {
        Disk.age(try folder.write("x", to: "\(index).log"), seconds: 7200 + index * 60)
      }
      let run = await bench(folder.path).run(delete(folder.path, limit: 10))
      #expect(
        run.detail.contains("deleted 10 files") && run.detail.contains("more are left"), "\(run.detail)")
      for index in 0..<30 { #expect(Disk.exists(folder.path("\(index).log")) == (index < 20), "\(index)") }
    }
  }
}
