import OperatorTool
import TestKit
import Threads

/// A run of the tool: what it said and how it ended.
struct ToolRun {
  var status: Int32
  var out: [String]
  var err: [String]

  /// Everything it said.
  var text: String { (out + err).joined(separator: "\n") }
}

/// Runs the tool as its executable does.
func aiopsctl(_ arguments: [String], environment: [String: String] = [:]) async -> ToolRun {
  let out = Locked<[String]>([])
  let err = Locked<[String]>([])
  let context = ToolContext(
    environment: environment, out: { line in out.withLock { $0.append(line) } },
    err: { line in err.withLock { $0.append(line) } })
  let status = await OperatorTool.run(arguments, context: context)
  return ToolRun(status: status, out: out.withLock { $0 }, err: err.withLock { $0 })
}

/// Runs the tool against a coordinator that answers what the test says.
func aiopsctl(
  _ arguments: [String], environment: [String: String] = [:],
  _ answer: @escaping @Sendable (ScriptedHTTPServer.Request) -> ScriptedHTTPServer.Response
) async throws -> (run: ToolRun, requests: [ScriptedHTTPServer.Request]) {
  try await ScriptedHTTPServer.with(answer) { server in
    var environment = environment
    environment["AIOPS_COORDINATOR"] = server.url
    let run = await aiopsctl(arguments, environment: environment)
    return (run, server.requests)
  }
}

extension ScriptedHTTPServer.Response {
  /// A success with JSON.
  static func ok(_ json: String) -> Self { .json(200, json) }
}
