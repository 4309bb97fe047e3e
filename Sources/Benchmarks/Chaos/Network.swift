import TestKit

/// A network of its own for one process, whose only way out is a link that can be cut.
///
/// Inside, a relay listens on the loopback where the process believes its servers are, and passes everything on
/// over the link to a relay outside. So nothing that listens on the loopback alone needs to listen elsewhere.
final class CutOffNetwork: Sendable {
  /// A port of the loopback inside, and the port outside that it leads to.
  struct Way: Sendable {
    var inside: Int
    var outside: Int
  }

  private let name: String
  private let link: String
  private let relays: [ChildProcess]
  private let folder: TemporaryFolder

  /// What starts a process inside.
  var launcher: [String] { [Self.tool, "netns", "exec", name] }

  private static var tool: String { (try? ChildProcess.locate("ip")) ?? "ip" }

  /// Makes it.
  /// - Throws: when this process has not the right to; the text says why.
  init(_ ways: [Way], in folder: TemporaryFolder) async throws {
    self.folder = folder
    // By chance and not by the process's number, which is another's too where processes have a space of their own.
    let number = Int.random(in: 1..<16_000)
    name = "aiops-chaos-\(number)"
    link = "aiopsc\(number)"
    let subnet = "10.\(200 + number / 4_096).\(number / 16 % 256)"
    let host = number % 16 * 16
    let (outer, inner) = ("\(subnet).\(host + 1)", "\(subnet).\(host + 2)")
    let peer = "aiopsp\(number)"
    let ip = Self.tool
    for command in [
      [ip, "netns", "add", name], [ip, "link", "add", link, "type", "veth", "peer", "name", peer],
      [ip, "link", "set", peer, "netns", name], [ip, "addr", "add", "\(outer)/28", "dev", link],
      [ip, "link", "set", link, "up"], [ip, "-n", name, "addr", "add", "\(inner)/28", "dev", peer],
      [ip, "-n", name, "link", "set", peer, "up"], [ip, "-n", name, "link", "set", "lo", "up"],
    ] {
      do { try await Self.run(command, folder) } catch {
        for undo in [[ip, "link", "del", link], [ip, "netns", "del", name]] {
          try? await Self.run(undo, folder)
        }
        throw error
      }
    }
    let bench = try builtExecutable("aiops-bench")
    let middle = ways.map { ($0, freePort()) }
    let outside = try ChildProcess(
      bench,
      ["relay"] + middle.flatMap { ["--from", "\(outer):\($0.1)", "--to", "127.0.0.1:\($0.0.outside)"] },
      log: folder.path("relay-outside.log"))
    let inside = try ChildProcess(
      ip,
      ["netns", "exec", name, bench, "relay"]
        + middle.flatMap { ["--from", "127.0.0.1:\($0.0.inside)", "--to", "\(outer):\($0.1)"] },
      log: folder.path("relay-inside.log"))
    relays = [outside, inside]
  }

  /// Cuts the link, or mends it.
  func set(up isUp: Bool) async throws {
    try await Self.run([Self.tool, "link", "set", link, isUp ? "up" : "down"], folder)
  }

  /// Takes everything down.
  func remove() async {
    for relay in relays { await relay.terminate(grace: .milliseconds(500)) }
    try? await Self.run([Self.tool, "link", "del", link], folder)
    try? await Self.run([Self.tool, "netns", "del", name], folder)
  }

  private static func run(_ command: [String], _ folder: TemporaryFolder) async throws {
    let log = folder.path("network.log")
    let process = try ChildProcess(command[0], Array(command.dropFirst()), log: log)
    guard await process.wait(timeout: .seconds(10)) == .exited(0) else {
      let said = process.output.split(separator: "\n").last ?? ""
      throw BenchmarkError("\(command.dropFirst().joined(separator: " ")): \(said)")
    }
  }
}
