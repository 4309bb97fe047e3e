import Glibc
package import IncidentModel
package import Logging

/// A spool in a folder: an append-only file for each detector that uses it.
///
/// What was applied is in the kernel's hands, so it outlives a process that is killed; it is not forced to
/// the disk, so a machine that loses power may lose the last seconds. A detector takes the first place that
/// no other one uses, and with it what detectors that no longer run left behind.
package final class DiskSpool: SpoolStorage {
  /// Detectors that may share a folder.
  static let places = 64
  /// A file is not rewritten before it is so long.
  private static let rewriteFrom = 256 << 10

  private let path: String
  private let lock: SpoolFile
  private let maxBytes: Int
  private let logger: Logger
  private var file: SpoolFile
  private var size: Int
  private var live: [String: Range<Int>] = [:]
  /// What ``live`` takes of the file.
  private var liveBytes = 0
  private var found: [Signal] = []
  private var failures = 0

  /// How it is.
  package private(set) var status = SpoolStatus()

  /// Opens a folder, which is made when it is not there.
  /// - Parameters:
  ///   - folder: where the files are.
  ///   - maxBytes: bytes of this detector's file at the most; what does not fit waits in memory alone.
  ///   - logger: for what was found and what cannot be kept.
  /// - Throws: ``SpoolError``. Damaged files are no error: they are set aside, and what is good is taken.
  package init(folder: String, maxBytes: Int = 64 << 20, logger: Logger) throws(SpoolError) {
    try SpoolFile.makeFolder(folder)
    var own: (path: String, lock: SpoolFile)?
    var left: [(path: String, lock: SpoolFile)] = []
    for place in 0..<Self.places {
      let path = "\(folder)/spool-\(place)"
      if own != nil, !SpoolFile.exists("\(path).log") { continue }
      let lock = try SpoolFile(open: "\(path).lock")
      guard try lock.tryLock() else { continue }
      if own == nil { own = (path, lock) } else { left.append((path, lock)) }
    }
    guard let own else { throw .full(path: folder, detectors: Self.places) }
    (path, lock) = own
    self.maxBytes = max(maxBytes, 1 << 16)
    self.logger = logger
    file = try SpoolFile(open: "\(path).log")
    size = 0
    try take(left)
  }

  /// Reads this detector's file and those that were left, and makes one of them.
  private func take(_ left: [(path: String, lock: SpoolFile)]) throws(SpoolError) {
    let (signals, isWhole) = try read(file, "\(path).log")
    found = signals
    if !isWhole || !left.isEmpty {
      var known = Set(signals.map(\.id))
      for other in left {
        let (more, _) = try read(try SpoolFile(open: "\(other.path).log"), "\(other.path).log")
        found += more.filter { known.insert($0.id).inserted }
      }
      // What several detectors saw of one series is told in the order in which it happened.
      if !left.isEmpty {
        found = found.enumerated()
          .sorted { ($0.element.observedAt, $0.offset) < ($1.element.observedAt, $1.offset) }.map(\.element)
      }
      guard rewrite(found) else {
        throw .unusable(path: path, reason: "it can't be written anew: \(SpoolFile.reason)")
      }
      // Only now: a process that is killed in between leaves two copies, which is one too many and not too few.
      for other in left { SpoolFile.remove("\(other.path).log") }
    }
    if !found.isEmpty {
      logger.notice(
        "signals of an earlier run wait for the coordinator",
        metadata: ["signals": "\(found.count)", "spool": "\(path).log"])
    }
  }

  /// What a file holds; one that is damaged is set aside.
  private func read(_ file: SpoolFile, _ name: String) throws(SpoolError) -> ([Signal], isWhole: Bool) {
    guard let bytes = file.bytes(limit: 1 << 30) else {
      throw .unusable(path: name, reason: SpoolFile.reason)
    }
    let reading = SpoolRecord.read(bytes)
    var unreadable = reading.unreadable
    var signals: [Signal] = []
    for range in reading.live.values.sorted(by: { $0.lowerBound < $1.lowerBound }) {
      guard case .added(let part) = SpoolRecord.content(bytes[range]), let signal = try? part.model() else {
        unreadable += 1
        continue
      }
      signals.append(signal)
    }
    if unreadable > 0 {
      logger.error(
        "signals in the spool are not understood and were left out; was it written by a newer version?",
        metadata: ["signals": "\(unreadable)", "spool": "\(name)"])
    }
    if let damage = reading.damage {
      let aside = "\(name).damaged"
      SpoolFile.rename(name, aside)
      logger.error(
        "the spool is damaged: it was set aside, and what is good before the damage was taken",
        metadata: ["reason": "\(damage)", "aside": "\(aside)", "signals": "\(signals.count)"])
      return (signals, false)
    }
    if name == "\(path).log", unreadable == 0, reading.end >= SpoolRecord.mark.count {
      live = reading.live
      liveBytes = Self.bytes(of: live)
      size = reading.end
      status.bytes = size
      // A write that was cut off must not stand before the next one.
      return (signals, file.truncate(size))
    }
    return (signals, false)
  }

  package func restored() -> [Signal] {
    defer { found = [] }
    return found
  }

  package func apply(_ changes: [SpoolChange]) {
    if changes.isEmpty { return }
    // Room that is taken by what no longer waits is not what the bound is about.
    if size > maxBytes / 2, size > liveBytes + liveBytes / 4 { shorten() }
    var buffer: [UInt8] = []
    var removed: [String] = []
    // What is new goes first: when the rest is cut off there is something too many and not too few.
    var added: [String: Range<Int>] = [:]
    for change in changes {
      switch change {
      case .removed(let id): removed.append(id)
      case .added(let signal):
        guard let record = SpoolRecord.added(signal) else { continue }
        let start = size + buffer.count + SpoolRecord.headBytes
        added[signal.id] = start..<(size + buffer.count + record.count)
        buffer += record
      }
    }
    for id in removed {
      if let range = live.removeValue(forKey: id) {
        liveBytes -= range.count + SpoolRecord.headBytes
      } else {
        added[id] = nil
      }
    }
    if live.isEmpty && added.isEmpty {
      // Nothing waits: there is no shorter way to say so.
      if size > SpoolRecord.mark.count {
        settle(file.truncate(SpoolRecord.mark.count), SpoolRecord.mark.count)
      }
      return
    }
    var index = 0
    while index < removed.count {
      buffer += SpoolRecord.removed(removed[index...].prefix(SpoolRecord.maxIDs))
      index += SpoolRecord.maxIDs
    }
    if size + buffer.count > maxBytes || !file.write(buffer, at: size) {
      _ = file.truncate(size)
      status.unkept += added.count
      return failed(
        size + buffer.count > maxBytes ? "it would have more than \(maxBytes) bytes" : SpoolFile.reason)
    }
    size += buffer.count
    status.bytes = size
    live.merge(added) { _, new in new }
    liveBytes += Self.bytes(of: added)
    if size > Self.rewriteFrom, size > 2 * liveBytes { shorten() }
  }

  private static func bytes(of places: [String: Range<Int>]) -> Int {
    places.values.reduce(0) { $0 + $1.count + SpoolRecord.headBytes }
  }

  private func settle(_ isDone: Bool, _ size: Int) {
    guard isDone else { return failed(SpoolFile.reason) }
    self.size = size
    status.bytes = size
  }

  private func failed(_ reason: String) {
    failures += 1
    if isRound(failures) {
      logger.error(
        "signals can't be kept on the disk and wait in memory alone",
        metadata: ["reason": "\(reason)", "spool": "\(path).log", "times": "\(failures)"])
    }
  }

  /// Writes the file anew without what no longer waits.
  private func shorten() {
    guard let bytes = file.bytes(limit: 1 << 30) else { return failed(SpoolFile.reason) }
    var payloads: [(String, ArraySlice<UInt8>)] = []
    for (id, range) in live.sorted(by: { $0.value.lowerBound < $1.value.lowerBound })
    where range.upperBound <= bytes.count {
      payloads.append((id, bytes[range]))
    }
    if !replace(payloads) { failed(SpoolFile.reason) }
  }

  private func rewrite(_ signals: [Signal]) -> Bool {
    replace(
      signals.compactMap { signal in
        SpoolRecord.added(signal).map { (signal.id, $0.dropFirst(SpoolRecord.headBytes)) }
      })
  }

  /// Puts a new file in the place of the old one, whole or not at all.
  private func replace(_ payloads: [(id: String, payload: ArraySlice<UInt8>)]) -> Bool {
    var bytes = SpoolRecord.mark
    var places: [String: Range<Int>] = [:]
    for (id, payload) in payloads {
      let start = bytes.count + SpoolRecord.headBytes
      bytes += SpoolRecord.framed(Array(payload))
      places[id] = start..<bytes.count
    }
    guard let new = try? SpoolFile(open: "\(path).new"), new.truncate(0), new.write(bytes, at: 0), new.sync(),
      SpoolFile.rename("\(path).new", "\(path).log")
    else { return false }
    file = new
    live = places
    liveBytes = Self.bytes(of: live)
    size = bytes.count
    status.bytes = size
    return true
  }
}
