import IncidentModel
import Settings

@testable import Collection
@testable import PostgresBackend

extension Harness {
  /// What sources answer to a detector.
  static let collection: [Harness] = [
    Harness(
      "prometheus", maxBytes: 64 << 10,
      tokens: [#""metric":{"#, #""value":["#, "NaN", "+Inf", "scalar", "vector"],
      seeds: {
        [
          #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"up","target":"x","a":"b"},"value":[1795000000.1,"1.5"]},{"metric":{},"value":[1,"NaN"]}]}}"#,
          #"{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}"#,
          #"{"status":"error","error":"parse error"}"#,
        ].map { Array($0.utf8) }
      }, run: prometheus),
    Harness(
      text: "redis-info", maxBytes: 16 << 10,
      tokens: ["used_memory:", "maxmemory:", "\r\n", "keyspace_hits:"],
      seeds: [
        "# Memory\r\nused_memory:1048576\r\nmaxmemory:2097152\r\nmaxmemory_policy:allkeys-lru\r\nconnected_clients:3\r\nkeyspace_hits:10\r\nkeyspace_misses:2\r\nevicted_keys:0\r\n"
      ]
    ) { text in
      let info = CacheInfo(text)
      if let usage = info.memoryUsagePercent { try demand(usage >= 0, "\(usage) %") }
      _ = info.evictsAnyKey
      guard let counters = info.counters else { return false }
      let first = CacheCounters(hits: 0, misses: 0, evictions: 0)
      if let ratio = counters.since(first)?.hitRatioPercent, ratio.isFinite {
        try demand((0...100.0001).contains(ratio), "\(ratio) %")
      }
      return true
    },
    Harness(
      text: "database-counters", tokens: ["\t", "\\N"],
      seeds: ["10\t16384\t77\t100\t2500.5\n10\t16384\t78\t1\t0\n\n10\t16384\t77\t120\t99999\n"]
    ) { text in
      let halves = text.split(separator: "\n\n", maxSplits: 1).map {
        rows($0, ["userid", "dbid", "queryid", "calls", "milliseconds"])
      }
      guard let first = halves.first, let last = halves.last else { return false }
      let (old, new) = (StatementCounters(first), StatementCounters(last))
      let slow = new.slow(since: old, overMilliseconds: 1000)
      try demand((0...last.count).contains(slow), "\(slow) slow statements of \(last.count)")
      return !new.totals.isEmpty
    },
    Harness(
      text: "connect-refusal", tokens: ["FATAL:  ", "53300: ", "LOCATION:  x\n", ":  "],
      seeds: [
        "connection to server at \"127.0.0.1\", port 5432 failed: FATAL:  53300: sorry, too many clients already\nLOCATION:  x\n",
        "FATAL: no more connections allowed (max_client_conn)\n",
      ]
    ) { text in
      let failure = ConnectFailure(text: text)
      try demand(
        failure.message.unicodeScalars.count <= text.unicodeScalars.count, "a message longer than the text")
      return failure.sqlState != nil
    },
    Harness(
      text: "connection-string", maxBytes: 1024, tokens: ["postgres://", "password=", "%00", "host=", "'"],
      seeds: ["postgres://ann:s%20cret@db:5432/shop?sslmode=require", "host=/run password='a b' dbname=shop"]
    ) { text in
      guard let parsed = try? ConnectionString(parsing: text) else { return false }
      _ = parsed.place
      let secret = parsed.options.first { $0.keyword == "password" }?.value ?? ""
      if secret.utf8.count > 3 {
        try demand(
          !parsed.redacted("no \(secret) here").contains(secret) || "***".contains(secret),
          "a password is shown")
      }
      return true
    },
  ]

  /// Rows of cells that tabs separate; `\N` is null.
  static func rows(_ text: Substring, _ columns: [String]) -> PostgresRows {
    let rows = text.split(separator: "\n").prefix(1000).map { line -> [String?] in
      let cells = line.split(separator: "\t", omittingEmptySubsequences: false).prefix(columns.count)
      let values: [String?] = cells.map { $0 == "\\N" ? nil : String($0) }
      return values + Array(repeating: nil, count: columns.count - values.count)
    }
    return PostgresRows(columns: columns, rows: rows, affected: rows.count)
  }

  private static func prometheus(_ bytes: [UInt8]) throws -> Bool {
    let series: [PrometheusSeries]
    do throws(CollectionError) { series = try PrometheusSeries.read(bytes, status: 200) } catch {
      try demand(error.description.utf8.count < 4096, "a refusal of \(error.description.utf8.count) bytes")
      return false
    }
    for one in series {
      try demand(one.value.isFinite && one.labels.count <= PrometheusSeries.maxLabels, "\(one)")
      for (name, value) in one.labels {
        try demand(
          name.utf8.count <= 1024 && value.utf8.count <= 1024,
          "a label of \(name.utf8.count)/\(value.utf8.count)")
      }
      try demand(one.labels[Label.target] == nil, "the system's own label")
    }
    return true
  }
}
