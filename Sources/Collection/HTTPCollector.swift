import HTTPBackend
import IncidentModel
import Settings

/// A URL's status and latency.
///
/// A server that does not answer is measured by that: `http_up` is 0, and there is no error.
struct HTTPCollector: Collector {
  private let target: String
  private let settings: HTTPSourceSettings
  private let timeout: Duration
  private let client = HTTPClient(maxResponseBytes: 4 << 20)

  init(target: String, settings: HTTPSourceSettings, timeout: Duration) {
    self.target = target
    self.settings = settings
    // A little less than the source's, so that a server that hangs is down and not merely unmeasured.
    self.timeout = timeout * 0.95
  }

  func collect(at now: Timestamp) async throws(CollectionError) -> [Sample] {
    let sample = SampleMaker(source: "http", target: target, now: now)
    do throws(HTTPError) {
      var request = HTTPRequest(url: settings.url.exposed, timeout: timeout)
      // A download is up by its status; nobody needs the rest of it.
      request.truncatesBody = true
      let answer = try await client.send(request)
      let isUp = settings.expectedStatus.contains(answer.status)
      return [
        sample("http_up", isUp ? 1 : 0, "bool"), sample("http_latency", answer.totalSeconds, "seconds"),
        sample("http_status", Double(answer.status), "count"),
      ]
    } catch {
      switch error {
      case .unreachable, .timedOut, .untrusted, .failed: return [sample("http_up", 0, "bool")]
      case .tooLarge: throw .invalidAnswer(error.description)
      case .invalidRequest: throw .refused(error.description)
      case .cancelled, .shutDown: throw .cancelled
      }
    }
  }

  func close() async { client.shutdown() }
}
