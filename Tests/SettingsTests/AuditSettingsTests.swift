import Settings
import Testing

@Suite("How the journal's tip is told")
struct AuditSettingsTests {
  @Test("an interval, or none; a webhook of its own, or a sink that is there")
  func good() throws {
    #expect(try load("").coordinator.audit == AuditSettings())
    let own = try load("coordinator: {audit: {tip_interval: 1m, webhook: \"http://127.0.0.1:1/x\"}}")
    #expect(own.coordinator.audit.tipSeconds == 60)
    #expect(
      own.coordinator.audit.sink
        == SinkSettings(name: "audit", kind: .webhook(url: Secret("http://127.0.0.1:1/x"))))
    let named = try load(
      """
      coordinator: {audit: {tip_interval: off, sink: ops}}
      sinks: [{name: ops, type: webhook, url_env: OPS_URL}]
      """, environment: ["OPS_URL": "http://127.0.0.1:2/y"])
    #expect(named.coordinator.audit.tipSeconds == nil)
    #expect(named.coordinator.audit.sink == named.sinks.first { $0.name == "ops" })
  }

  @Test("a sink that is not there, two places and an interval that is none are problems")
  func bad() {
    #expect(
      problems("coordinator: {audit: {sink: opps}}\nsinks: [{name: ops, type: log}]").first?
        .contains("there is no sink \"opps\"") == true)
    #expect(
      problems("coordinator: {audit: {sink: log, webhook: \"http://127.0.0.1:1/x\"}}").first?
        .contains("give only one of") == true)
    #expect(problems("coordinator: {audit: {tip_interval: soon}}").count == 1)
    #expect(problems("coordinator: {audit: {webhook: nowhere}}").count == 1)
    #expect(problems("coordinator: {audit: {tips: 5m}}").count == 1)
  }
}
