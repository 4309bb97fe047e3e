import FoundationEssentials
import IncidentModel
import MessageBus

/// What is known of one series, on its way to another detector.
struct SeriesRecord: Codable {
  var source: String
  var metric: String
  var labels: [String: String]
  var state: SeriesState

  var key: SourceMemory.Key { SourceMemory.Key(source: source, name: metric, labels: labels) }
}

/// The memory of a shard as bytes: a line of JSON for each series.
///
/// Whoever reads it may be of another version and have other rules, so a line that says nothing to it is left out.
enum ShardRecords {
  /// All that fits into ``MessageBus/ShardMemory/maxBytes``. What has an alarm goes first; what finds no room with
  /// its window goes without it and learns anew what is usual.
  static func encode(_ records: [SeriesRecord]) -> [UInt8] {
    let encoder = JSONCoding.encoder()
    var bytes: [UInt8] = []
    let alarms = records.filter { $0.state.alarm != nil }
    for record in alarms + records.filter({ $0.state.alarm == nil }) {
      var small = record
      small.state.baseline = nil
      for version in [record, small] {
        guard let line = try? encoder.encode(version),
          bytes.count + line.count + 1 <= ShardMemory.maxBytes
        else { continue }
        bytes += line
        bytes.append(UInt8(ascii: "\n"))
        break
      }
    }
    return bytes
  }

  /// The series that can be read.
  static func decode(_ bytes: [UInt8]) -> [SeriesRecord] {
    guard bytes.count <= ShardMemory.maxBytes else { return [] }
    let decoder = JSONCoding.decoder()
    return bytes.split(separator: UInt8(ascii: "\n")).compactMap {
      try? decoder.decode(SeriesRecord.self, from: Data($0))
    }
  }
}
