import IncidentModel

@testable import MessageBus

extension Harness {
  /// What a detector keeps on the disk.
  static let spool: [Harness] = [
    Harness(
      "spool-file", tokens: ["AIOPSSP1"], seeds: { [file(of: records)] },
      run: { bytes in
        let reading = SpoolRecord.read(bytes)
        try demand(reading.end <= bytes.count, "read beyond the end")
        for (id, range) in reading.live {
          guard case .added(let signal)? = SpoolRecord.content(bytes[range]) else {
            throw Broken(description: "a living record is none")
          }
          try demand(signal.id == id, "a record under another id")
        }
        return reading.damage == nil && !reading.live.isEmpty
      }),
    // With checksums that are right, so that what is behind them is reached.
    Harness(
      "spool-records",
      seeds: { [Array(records.map { ByteFeed.block(Array($0.dropFirst(SpoolRecord.headBytes))) }.joined())] },
      run: { bytes in
        var feed = ByteFeed(bytes)
        var payloads: [[UInt8]] = []
        while !feed.isEmpty {
          let payload = feed.block()
          if !payload.isEmpty { payloads.append(payload) }
        }
        let file = file(of: payloads.map { SpoolRecord.framed($0) })
        let reading = SpoolRecord.read(file)
        try demand(
          reading.damage == nil && reading.end == file.count, "\(reading.damage ?? "not read to the end")")
        let cut = SpoolRecord.read(Array(file.dropLast()))
        try demand(cut.damage == nil, "a record that was cut off counts as damage: \(cut.damage ?? "")")
        for range in reading.live.values {
          if case .added(let part)? = SpoolRecord.content(file[range]) { _ = try? part.model() }
        }
        return !reading.live.isEmpty
      }),
  ]

  private static let records: [[UInt8]] =
    [Samples.signal, Samples.cleared].compactMap { SpoolRecord.added($0) }
    + [SpoolRecord.removed(["other", "é"]), SpoolRecord.added(Samples.signal) ?? []]

  private static func file(of records: [[UInt8]]) -> [UInt8] { SpoolRecord.mark + records.joined() }
}
