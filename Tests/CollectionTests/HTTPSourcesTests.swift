import Collection
import IncidentModel
import Settings
import TestKit
import Testing

@Suite("HTTP and Prometheus collectors")
struct HTTPSourcesTests {
  private func http(_ url: String, timeout: Double = 5) -> any Collector {
    makeCollector(for: source("shop", .http(HTTPSourceSettings(url: Secret(url))), timeout: timeout))
  }

  private func prometheus(_ url: String, _ queries: [PrometheusQuery], timeout: Double = 5) -> any Collector {
    makeCollector(
      for: source(
        "prom", .prometheus(PrometheusSourceSettings(url: Secret(url), queries: queries)), timeout: timeout))
  }

  private let query = PrometheusQuery(metric: "m", query: "up{a=\"b\"} > 0 & é", unit: "count")

  @Test("a URL that answers is up with latency and status; one that answers wrong or not is down")
  func probe() async throws {
    try await ScriptedHTTPServer.with { request in
      switch request.path {
      case "/ok": .reply()
      case "/hang": .hang
      default: .reply(503)
      }
    } _: { server in
      let up = try await http(server.url + "/ok").collect(at: now)
      #expect(up.value("http_up") == 1)
      #expect(up.value("http_status") == 200)
      #expect(try #require(up.value("http_latency")) > 0)
      let down = try await http(server.url + "/no").collect(at: now)
      #expect(down.value("http_up") == 0)
      #expect(down.value("http_status") == 503)
      let hanging = try await http(server.url + "/hang", timeout: 0.3).collect(at: now)
      #expect(hanging.map(\.value) == [0])
      #expect(hanging.map(\.fingerprint.text) == ["http/http_up{target=\"shop\"}"])
    }
    let nobody = try await http("http://127.0.0.1:\(freePort())").collect(at: now)
    #expect(nobody.value("http_up") == 0)
    await #expect(throws: CollectionError.self) { try await http("ftp://127.0.0.1").collect(at: now) }
  }

  @Test("a body that is larger than is read does not make a good answer bad")
  func large() async throws {
    try await ScriptedHTTPServer.with { _ in
      .reply(body: [UInt8](repeating: 0x61, count: 6 << 20))
    } _: { server in
      let samples = try await http(server.url).collect(at: now)
      #expect(samples.value("http_up") == 1)
      #expect(samples.value("http_status") == 200)
    }
  }

  @Test("a vector's series become samples with their labels; what is not finite is skipped")
  func vector() async throws {
    let body = """
      {"status":"success","data":{"resultType":"vector","result":[
       {"metric":{"__name__":"up","job":"b","target":"x"},"value":[1.5,"2.5"]},
       {"metric":{"__name__":"up","job":"a"},"value":[1.5,"1e3"]},
       {"metric":{"job":"c"},"value":[1.5,"NaN"]},{"metric":{"job":"d"},"value":[1.5,"+Inf"]},
       {"metric":{"job":"e"},"value":[1.5,"nonsense"]}]}}
      """
    try await ScriptedHTTPServer.with { _ in
      .json(body)
    } _: { server in
      let samples = try await prometheus(server.url + "/base/", [query]).collect(at: now)
      #expect(samples.map(\.value) == [2.5, 1000])
      #expect(
        samples.map(\.labels) == [
          ["target": "prom", "job": "b", "exported_target": "x"], ["target": "prom", "job": "a"],
        ])
      let request = try #require(server.requests.first)
      #expect(request.path == "/base/api/v1/query")
      #expect(request.text == "query=up%7Ba%3D%22b%22%7D%20%3E%200%20%26%20%C3%A9")
    }
  }

  @Test("a scalar is one sample")
  func scalar() async throws {
    try await ScriptedHTTPServer.with { _ in
      .json("{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1,\"7\"]}}")
    } _: { server in
      let samples = try await prometheus(server.url, [query]).collect(at: now)
      #expect(samples.map(\.value) == [7])
    }
  }

  @Test("series and labels are bounded, and the bound is remarked")
  func bounds() async throws {
    let long = String(repeating: "x", count: 5000)
    let series = (0..<1500).map { index in
      let labels = (0..<40).map { "\"l\($0)\":\"\(index)\"" }.joined(separator: ",")
      return "{\"metric\":{\(labels),\"a\":\"\(index == 0 ? long : "\(index)")\"},\"value\":[1,\"1\"]}"
    }
    let body =
      "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[\(series.joined(separator: ","))]}}"
    try await ScriptedHTTPServer.with { _ in
      .json(body)
    } _: { server in
      let collector = prometheus(server.url, [query])
      let samples = try await collector.collect(at: now)
      #expect(samples.count == 1000)
      #expect(samples.allSatisfy { $0.labels.count <= 17 && $0.labels.values.allSatisfy { $0.count <= 200 } })
      #expect(await collector.takeNotes().count == 1)
    }
  }

  @Test("a refused query costs its metric; when all are refused the source is")
  func refusal() async throws {
    try await ScriptedHTTPServer.with { request in
      request.text.contains("good")
        ? .json("{\"status\":\"success\",\"data\":{\"resultType\":\"scalar\",\"result\":[1,\"7\"]}}")
        : .json("{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"parse error\"}", status: 400)
    } _: { server in
      let good = PrometheusQuery(metric: "good", query: "good", unit: "count")
      let collector = prometheus(server.url, [query, good])
      let samples = try await collector.collect(at: now)
      #expect(samples.map(\.name) == ["source_up", "good"])
      #expect(samples.first?.labels == ["target": "prom", "query": "m"] && samples.first?.value == 0)
      #expect(await collector.takeNotes().first?.contains("parse error") == true)
      await #expect(throws: CollectionError.refused("Prometheus refused the query: parse error")) {
        try await prometheus(server.url, [query]).collect(at: now)
      }
    }
  }

  @Test(
    "what is not Prometheus's API is an error",
    arguments: [
      "", "<html>", "{}", "{\"status\":\"success\"}", "[1,2", "{\"status\":\"success\",\"data\":{}}",
      "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[]}}",
      "{\"status\":\"success\",\"data\":{\"resultType\":\"vector\",\"result\":[{\"metric\":{},\"value\":[]}]}}",
      String(repeating: "[", count: 100_000),
    ])
  func garbage(_ body: String) async throws {
    try await ScriptedHTTPServer.with { _ in
      .json(body)
    } _: { server in
      await #expect(throws: CollectionError.self) {
        try await prometheus(server.url, [query]).collect(at: now)
      }
    }
  }

  @Test("a real Prometheus answers")
  func real() async throws {
    try await TestPrometheus.withServer { server in
      let collector = prometheus(
        server.url,
        [
          PrometheusQuery(metric: "one", query: "vector(1)", unit: "count"),
          PrometheusQuery(metric: "two", query: "scalar(vector(2))", unit: "count"),
          PrometheusQuery(metric: "nan", query: "vector(0) / 0", unit: "count"),
          PrometheusQuery(metric: "bad", query: "sum(", unit: "count"),
        ], timeout: 10)
      try await eventually("its answer") {
        try await collector.collect(at: now).map(\.value) == [1, 2, 0]
      }
      await collector.close()
    }
  }
}
