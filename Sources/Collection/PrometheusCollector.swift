import FoundationEssentials
import HTTPBackend
import IncidentModel
import Settings

/// PromQL instant queries of a Prometheus server, or of one that speaks its API.
actor PrometheusCollector: Collector {
  /// An answer may have so many series; those after them in the order of their labels are left out.
  static let maxSeries = 1000

  private let target: String
  private let settings: PrometheusSourceSettings
  private let timeout: Duration
  private let client = HTTPClient(maxResponseBytes: 16 << 20)
  private var notes = Notes()

  init(target: String, settings: PrometheusSourceSettings, timeout: Duration) {
    self.target = target
    self.settings = settings
    self.timeout = timeout
  }

  func collect(at now: Timestamp) async throws(CollectionError) -> [Sample] {
    let sample = SampleMaker(source: "prometheus", target: target, now: now)
    var samples: [Sample] = []
    var answered = 0
    var refusal: CollectionError?
    for query in settings.queries {
      do throws(CollectionError) {
        let series = try await ask(query)
        answered += 1
        if series.count > Self.maxSeries {
          notes.remark(
            query.metric,
            "\(target): \(query.metric) has \(series.count) series; the first \(Self.maxSeries) are measured: "
              + "sum some labels up in its query")
        } else {
          notes.settle(query.metric)
        }
        samples += series.prefix(Self.maxSeries).map { sample(query.metric, $0.value, query.unit, $0.labels) }
      } catch {
        switch error {
        case .refused, .invalidAnswer:
          // A wrong query costs its metric and no other.
          refusal = refusal ?? error
          notes.remark(query.metric, "\(target): \(query.metric) is not measured: \(error)")
          samples.append(sample("source_up", 0, "bool", [Label.query: query.metric]))
        case .unreachable, .timedOut, .cancelled: throw error
        }
      }
    }
    if answered == 0, let refusal { throw refusal }
    return samples
  }

  func takeNotes() -> [String] { notes.take() }

  func close() { client.shutdown() }

  private func ask(_ query: PrometheusQuery) async throws(CollectionError) -> [PrometheusSeries] {
    var base = settings.url.exposed[...]
    while base.hasSuffix("/") { base = base.dropLast() }
    let request = HTTPRequest(
      method: "POST", url: base + "/api/v1/query",
      headers: [("Content-Type", "application/x-www-form-urlencoded")],
      body: Array("query=\(percentEncoded(query.query))".utf8), timeout: timeout)
    let answer: HTTPResponse
    do throws(HTTPError) {
      answer = try await client.send(request)
    } catch {
      switch error {
      case .timedOut(_, let seconds): throw .timedOut(seconds: seconds)
      case .tooLarge: throw .invalidAnswer(error.description)
      case .invalidRequest: throw .refused(error.description)
      case .cancelled, .shutDown: throw .cancelled
      case .unreachable, .untrusted, .failed: throw .unreachable(error.description)
      }
    }
    return try PrometheusSeries.read(answer.body, status: answer.status)
  }
}

/// Text as a value of a form.
private func percentEncoded(_ text: String) -> String {
  let hex = Array("0123456789ABCDEF".utf8)
  var bytes: [UInt8] = []
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
      bytes.append(byte)
    default: bytes += [UInt8(ascii: "%"), hex[Int(byte >> 4)], hex[Int(byte & 15)]]
    }
  }
  return String(decoding: bytes, as: UTF8.self)
}

/// One series of an answer.
struct PrometheusSeries: Equatable {
  var labels: [String: String]
  var value: Double

  /// A series keeps so many labels, and so many characters of each.
  static let maxLabels = 16
  static let maxLabelLength = 200

  /// Reads an answer of `/api/v1/query`. Values that are not finite are skipped, the others come in the
  /// order of their labels, and of series that bounded labels make alike the first stays.
  static func read(_ body: [UInt8], status: Int) throws(CollectionError) -> [PrometheusSeries] {
    let answer: Answer
    if let reason = JSONGuard.objection(to: body) {
      throw .invalidAnswer("what answers is not Prometheus's API: \(reason)")
    }
    do {
      answer = try JSONDecoder().decode(Answer.self, from: Data(body))
    } catch {
      // Prometheus itself always answers with its JSON, a proxy before it does not.
      if status == 401 || status == 403 { throw .refused("Prometheus refused the query: HTTP \(status)") }
      throw .invalidAnswer("what answers is not Prometheus's API: HTTP \(status)")
    }
    guard answer.status == "success", let data = answer.data else {
      throw .refused("Prometheus refused the query: \((answer.error ?? "no reason").prefix(500))")
    }
    var seen: Set<[String: String]> = []
    return data.series.filter { $0.value.isFinite && seen.insert($0.labels).inserted }
      .map { ($0, Fingerprint(source: "", metric: "", labels: $0.labels)) }
      .sorted { $0.1 < $1.1 }.map(\.0)
  }

  private static func bounded(_ labels: [String: String]) -> [String: String] {
    let kept = labels.filter { $0.key != "__name__" }.sorted { $0.key < $1.key }.prefix(maxLabels)
    return Dictionary(
      kept.map { name, value in
        // That name is the system's own.
        let name = name == Label.target ? "exported_" + Label.target : name
        return (cut(name), cut(value))
      }, uniquingKeysWith: { first, _ in first })
  }

  // Scalars, not characters: one character can be made of any number of them.
  private static func cut(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.prefix(maxLabelLength)))
  }

  private struct Answer: Decodable {
    var status: String
    var error: String?
    var data: Result?
  }

  private struct Result: Decodable {
    var series: [PrometheusSeries]

    private enum CodingKeys: String, CodingKey { case resultType, result }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      switch try container.decode(String.self, forKey: .resultType) {
      case "vector":
        series = try container.decode([Element].self, forKey: .result).map {
          PrometheusSeries(labels: PrometheusSeries.bounded($0.metric), value: $0.value.number)
        }
      case "scalar":
        series = [
          PrometheusSeries(labels: [:], value: try container.decode(Point.self, forKey: .result).number)
        ]
      default:
        throw DecodingError.dataCorruptedError(
          forKey: .resultType, in: container, debugDescription: "neither vector nor scalar")
      }
    }
  }

  private struct Element: Decodable {
    var metric: [String: String]
    var value: Point
  }

  /// `[1700000000.123, "1.5"]`
  private struct Point: Decodable {
    var number: Double

    init(from decoder: any Decoder) throws {
      var container = try decoder.unkeyedContainer()
      _ = try container.decode(Double.self)
      // Also `NaN` and `+Inf`, which are skipped later; what is no number at all likewise.
      number = Double(try container.decode(String.self)) ?? .nan
    }
  }
}
