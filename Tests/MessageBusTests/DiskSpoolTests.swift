import Foundation
import IncidentModel
import Logging
import Testing

@testable import MessageBus

/// A folder for one test.
final class SpoolFolder: Sendable {
  let path = FileManager.default.temporaryDirectory.appending(path: "spool-\(UUID())").path
  deinit { try? FileManager.default.removeItem(atPath: path) }

  func open(maxBytes: Int = 64 << 20) throws -> sending DiskSpool {
    try DiskSpool(folder: path, maxBytes: maxBytes, logger: quiet)
  }
  func file(_ name: String = "spool-0.log") -> URL { URL(filePath: path).appending(path: name) }
  func bytes(_ name: String = "spool-0.log") throws -> [UInt8] { Array(try Data(contentsOf: file(name))) }
  func put(_ bytes: [UInt8], as name: String = "spool-0.log") throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try Data(bytes).write(to: file(name))
  }
  func ids() throws -> [String] { try open().restored().map(\.id) }
  var names: [String] { ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted() }
}

@Suite(.timeLimit(.minutes(1))) struct DiskSpoolTests {
  private let folder = SpoolFolder()

  private func signals(_ range: Range<Int>) -> [Signal] {
    range.map { index in
      var generator = Generator(seed: UInt64(index))
      var signal = generator.signal()
      signal.id = "s\(index)"
      signal.observedAt = Timestamp(milliseconds: Int64(index))
      signal.fingerprint = Fingerprint(text: "host/m{series=\"\(index)\"}")
      return signal
    }
  }

  private func added(_ range: Range<Int>) -> [SpoolChange] { signals(range).map(SpoolChange.added) }

  @Test("what waits is found again, as it was and in its order, and what no longer waits is not")
  func comesBack() throws {
    do {
      let spool = try folder.open()
      #expect(spool.restored().isEmpty)
      spool.apply(added(0..<5))
      spool.apply([.removed(id: "s1"), .added(signals(7..<8)[0]), .removed(id: "s3")])
    }
    let spool = try folder.open()
    #expect(spool.restored() == signals(0..<1) + signals(2..<3) + signals(4..<5) + signals(7..<8))
    #expect(spool.restored().isEmpty)
    #expect(spool.status.bytes == (try folder.bytes().count))
  }

  @Test("a spool in which nothing waits is short")
  func drains() throws {
    let spool = try folder.open()
    for round in 0..<50 {
      spool.apply(added(round * 10..<(round + 1) * 10))
      spool.apply((round * 10..<(round + 1) * 10).map { .removed(id: "s\($0)") })
      #expect(spool.status.bytes == SpoolRecord.mark.count)
    }
    #expect(try folder.bytes() == SpoolRecord.mark)
  }

  @Test("what no longer waits does not fill the disk, while something does")
  func shortens() throws {
    let spool = try folder.open()
    spool.apply(added(0..<20))
    var largest = 0
    for index in 100..<6_000 {
      spool.apply(added(index..<index + 1))
      spool.apply([.removed(id: "s\(index)")])
      largest = max(largest, spool.status.bytes)
    }
    #expect(largest < 300 << 10)
    #expect(spool.status.unkept == 0)
    #expect(try folder.bytes().count == spool.status.bytes)
  }

  @Test("at its bound it keeps what it has, counts what it has not, and takes more when there is room")
  func bound() throws {
    let spool = try folder.open(maxBytes: 1 << 16)
    for index in 0..<1_000 { spool.apply(added(index..<index + 1)) }
    let kept = 1_000 - spool.status.unkept
    #expect(kept > 100 && spool.status.unkept > 100)
    #expect(spool.status.bytes <= 1 << 16)
    spool.apply((0..<kept - 10).map { .removed(id: "s\($0)") })
    let unkept = spool.status.unkept
    spool.apply(added(2_000..<2_100))
    #expect(spool.status.unkept == unkept)
    #expect(spool.status.bytes <= 1 << 16)
  }

  @Test("cut off at any byte, every signal whose record is whole comes back, and the next ones do")
  func tornAnywhere() throws {
    do { try folder.open().apply(added(0..<4)) }
    let whole = try folder.bytes()
    var ends: [Int] = []
    var size = SpoolRecord.mark.count
    for signal in signals(0..<4) {
      size += try #require(SpoolRecord.added(signal)).count
      ends.append(size)
    }
    #expect(ends.last == whole.count)
    for cut in 0...whole.count {
      try folder.put(Array(whole.prefix(cut)))
      do {
        let spool = try folder.open()
        #expect(spool.restored().map(\.id) == ends.indices.filter { ends[$0] <= cut }.map { "s\($0)" })
        spool.apply(added(9..<10))
      }
      #expect(try folder.ids().last == "s9")
      #expect(!folder.names.contains { $0.hasSuffix(".damaged") })
    }
  }

  @Test("zeros behind the last write are no damage")
  func zeros() throws {
    do { try folder.open().apply(added(0..<2)) }
    try folder.put(try folder.bytes() + [UInt8](repeating: 0, count: 4_096))
    #expect(try folder.ids() == ["s0", "s1"])
    #expect(!folder.names.contains { $0.hasSuffix(".damaged") })
  }

  @Test("any changed byte is found; the file is set aside and what stands before is taken")
  func damaged() throws {
    do { try folder.open().apply(added(0..<3)) }
    let whole = try folder.bytes()
    for place in whole.indices {
      var bytes = whole
      bytes[place] ^= 0x40
      try folder.put(bytes)
      try? FileManager.default.removeItem(at: folder.file("spool-0.log.damaged"))
      let ids = try folder.ids()
      #expect(ids == Array(["s0", "s1", "s2"].prefix(ids.count)) && ids.count < 3)
      #expect(try folder.bytes("spool-0.log.damaged") == bytes)
      #expect(try folder.ids() == ids)
    }
  }

  @Test("bytes from anywhere are no spool, and never the end of a detector", arguments: 0..<50)
  func garbage(seed: UInt64) throws {
    var generator = Generator(seed: seed)
    let bytes = (0..<generator.int(600)).map { _ in UInt8(truncatingIfNeeded: generator.bits()) }
    try folder.put((generator.bool() ? SpoolRecord.mark : []) + bytes)
    let spool = try folder.open()
    #expect(spool.restored().isEmpty)
    spool.apply(added(0..<1))
    #expect(spool.status.unkept == 0)
  }

  @Test("detectors that share a folder do not meet, and one that starts takes what another left")
  func shared() throws {
    var first: DiskSpool? = try folder.open()
    var second: DiskSpool? = try folder.open()
    first?.apply(added(0..<2))
    second?.apply(added(2..<4))
    first = nil
    #expect(try folder.ids() == ["s0", "s1"])
    second = nil
    let third = try folder.open()
    #expect(third.restored().map(\.id) == ["s0", "s1", "s2", "s3"])
    #expect(!folder.names.contains("spool-1.log"))
    third.apply((0..<4).map { .removed(id: "s\($0)") })
    #expect(third.status.bytes == SpoolRecord.mark.count)
  }

  @Test("a folder that cannot be used is named, with what to do")
  func unusable() throws {
    try folder.put([], as: "file")
    let path = folder.file("file").appending(path: "x").path
    let error = #expect(throws: SpoolError.self) {
      _ = try DiskSpool(folder: path, logger: quiet)
    }
    #expect("\(error.map(String.init(describing:)) ?? "")".contains("detector.spool"))
  }

  @Test("signals that no coordinator took are sent by the next process under their ids, and then forgotten")
  func acrossLinks() async throws {
    func link(_ bus: String, _ storage: sending any SpoolStorage) -> AgentLink {
      AgentLink(
        info: AgentInfo(instance: "agent-1", kind: .detector, name: "one", version: "1", pid: 1, targets: []),
        endpoints: [bus], timing: fast, storage: storage, load: { 0.5 }, logger: quiet)
    }
    do {
      let link = link("tcp://127.0.0.1:9", try folder.open())
      await link.submit(signals(0..<300))
      #expect(await link.counters.spoolBytes > 10_000)
    }
    try await withCoordinator { coordinator in
      let link = link(await coordinator.endpoints.bus, try folder.open())
      #expect(await link.counters.spooled == 300)
      try await withRunning(link) {
        try await eventually("they arrive") { await link.counters.acceptedSignals == 300 }
      }
      let arrived = await coordinator.named("signals").flatMap { message -> [Signal] in
        if case .signals(_, let signals) = message { signals } else { [] }
      }
      #expect(Set(arrived) == Set(signals(0..<300)))
      #expect(await link.counters.spoolBytes == SpoolRecord.mark.count)
    }
  }

  @Test("what the disk holds is what waits, whatever happens to the queue", arguments: 0..<10)
  func follows(seed: UInt64) throws {
    var generator = Generator(seed: seed)
    var queue = SignalSpool(limit: 15, tellsChanges: true)
    var waiting: Set<String> = []
    do {
      let spool = try folder.open()
      for index in 0..<600 {
        switch generator.int(6) {
        case 0: _ = queue.takeBatch()
        case 1: _ = queue.accepted(queue.inFlight?.number ?? 0)
        default:
          var signal = signals(index..<index + 1)[0]
          signal.fingerprint = Fingerprint(text: "host/m{series=\"\(generator.int(25))\"}")
          queue.add(signal, bytes: 10, isHeld: generator.bool())
        }
        spool.apply(queue.takeChanges())
      }
      while let batch = queue.inFlight ?? queue.takeBatch() {
        waiting.formUnion(batch.signals.map(\.id))
        _ = queue.accepted(batch.number)
      }
    }
    #expect(Set(try folder.ids()) == waiting)
  }
}
