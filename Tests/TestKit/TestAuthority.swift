/// An authority that signs certificates for servers on this machine's loopback, made for a test with `openssl`.
package struct TestAuthority: Sendable {
  /// A certificate and its key, as PEM files.
  package struct Pair: Sendable {
    package let certificate: String
    package let key: String

    /// A pair; see the fields.
    package init(certificate: String, key: String) {
      self.certificate = certificate
      self.key = key
    }
  }

  /// Its own certificate, PEM: what clients trust.
  package let certificate: String
  private let own: Pair
  private let folder: TemporaryFolder

  /// Makes an authority.
  /// - Parameters:
  ///   - name: tells it from others in `folder`.
  ///   - folder: where its files go.
  package init(_ name: String = "authority", in folder: TemporaryFolder) async throws {
    self.folder = folder
    own = Pair(certificate: folder.path("\(name).pem"), key: folder.path("\(name).key"))
    certificate = own.certificate
    try await Self.openssl(Self.request(own, name), in: folder)
  }

  /// A certificate for `localhost`, `127.0.0.1` and `::1`, valid for two days.
  package func issue(_ name: String) async throws -> Pair {
    let pair = Pair(certificate: folder.path("\(name).pem"), key: folder.path("\(name).key"))
    try await Self.openssl(
      Self.request(pair, name) + [
        "-CA", own.certificate, "-CAkey", own.key, "-addext",
        "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1",
      ], in: folder)
    return pair
  }

  private static func request(_ pair: Pair, _ name: String) -> [String] {
    [
      "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj",
      "/CN=\(name)", "-keyout", pair.key, "-out", pair.certificate,
    ]
  }

  /// Runs `openssl` and waits for its end.
  /// - Throws: with what it said, when it failed.
  @discardableResult
  package static func openssl(_ arguments: [String], in folder: TemporaryFolder) async throws -> String {
    let log = folder.path("openssl-\(UInt32.random(in: 0 ... .max)).log")
    let process = try ChildProcess("openssl", arguments, workingDirectory: folder.path, log: log)
    guard await process.wait(timeout: .seconds(20)) == .exited(0) else {
      throw TestKitError("openssl \(arguments.joined(separator: " ")): \(process.output)")
    }
    return process.output
  }
}
