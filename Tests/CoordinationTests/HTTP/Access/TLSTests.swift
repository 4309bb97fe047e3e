import AccessTokens
import Coordination
import FoundationEssentials
import HTTPBackend
import IncidentModel
import Logging
import Settings
import TestKit
import Testing
import Threads

@Suite("HTTP over TLS, and beyond this machine") struct TLSTests {
  private func get(
    _ port: Int, _ path: String, trusting authority: String, host: String = "127.0.0.1",
    token: AccessToken? = nil
  ) async throws -> HTTPResponse {
    let client = HTTPClient(authority: authority)
    defer { client.shutdown() }
    let headers = token.map { [("Authorization", "Bearer \($0.exposed)")] } ?? []
    return try await client.send(HTTPRequest(url: "https://\(host):\(port)\(path)", headers: headers))
  }

  private func settings(_ pair: TestAuthority.Pair, _ authority: TestAuthority) -> HTTPSecuritySettings.TLS {
    HTTPSecuritySettings.TLS(
      certificate: pair.certificate, key: pair.key, authority: authority.certificate)
  }

  private func untrusted(_ body: () async throws -> HTTPResponse) async -> Bool {
    do {
      _ = try await body()
      return false
    } catch HTTPError.untrusted {
      return true
    } catch {
      return false
    }
  }

  @Test("is served with the configured certificate, from TLS 1.2 on; cookies are for TLS alone")
  func serves() async throws {
    try await TemporaryFolder.with("tls") { folder in
      let authority = try await TestAuthority(in: folder)
      let other = try await TestAuthority("other", in: folder)
      let tls = settings(try await authority.issue("server"), authority)
      // Its connection stays open until after the server's end.
      let client = HTTPClient(authority: authority.certificate)
      defer { client.shutdown() }
      var end = ContinuousClock.now
      try await withGuardedServer(limits: quickLimits(), tls: tls) { http, tokens, _ in
        defer { end = .now }
        let port = http.port
        #expect(try await get(port, "/healthz", trusting: authority.certificate).status == 200)
        #expect(
          try await get(port, "/healthz", trusting: authority.certificate, host: "localhost").status == 200)
        #expect(await untrusted { try await get(port, "/healthz", trusting: other.certificate) })
        // Plain HTTP gets nothing.
        let plain = try RawConnection(port: port)
        await plain.send(RawHTTP.request("GET", "/healthz", port: port))
        let answer = await plain.receive() ?? []
        #expect(!String(decoding: answer, as: UTF8.self).contains("HTTP/1.1 200"))

        for (version, isTaken) in [("-tls1_1", false), ("-tls1_2", true), ("-tls1_3", true)] {
          let output = try? await TestAuthority.openssl(
            [
              "s_client", "-connect", "127.0.0.1:\(port)", version, "-cipher", "ALL:@SECLEVEL=0", "-CAfile",
              authority.certificate, "-verify_return_error",
            ], in: folder)
          #expect((output != nil) == isTaken, "\(version): \(output ?? "refused")")
        }

        let token = try tokens.make("ann", .viewer)
        try await eventually("the login") {
          let login = try await client.send(
            HTTPRequest(
              method: "POST", url: "https://127.0.0.1:\(port)/login",
              headers: [
                ("Content-Type", "application/x-www-form-urlencoded"),
                ("Origin", "https://127.0.0.1:\(port)"),
              ], body: Array("token=\(token.exposed)".utf8)))
          let cookie = login.header("set-cookie") ?? ""
          return login.status == 303 && cookie.hasPrefix("__Host-aiops_session_\(port)=")
            && cookie.hasSuffix("; Secure")
        }
        let plainOrigin = try await client.send(
          HTTPRequest(
            method: "POST", url: "https://127.0.0.1:\(port)/login",
            headers: [("Origin", "http://127.0.0.1:\(port)")], body: []))
        #expect(plainOrigin.status == 403)
      }
      #expect(ContinuousClock.now - end < .seconds(2))
    }
  }

  @Test("a new certificate is shown to who comes then, without an end of what is there; a broken one is not")
  func reload() async throws {
    try await TemporaryFolder.with("tls") { folder in
      let first = try await TestAuthority("first", in: folder)
      let second = try await TestAuthority("second", in: folder)
      let (old, new) = (try await first.issue("old"), try await second.issue("new"))
      let live = TestAuthority.Pair(
        certificate: try folder.write(try contents(of: old.certificate), to: "live.pem"),
        key: try folder.write(try contents(of: old.key), to: "live.key"))
      let coordinator = FakeCoordinator()
      try await withGuardedServer(coordinator, limits: quickLimits(), tls: settings(live, first)) {
        http, tokens, server in
        let token = try tokens.make("ann", .viewer)
        let text = Locked("")
        let client = HTTPClient(authority: first.certificate)
        defer { client.shutdown() }
        try await eventually("the token is read") {
          try await get(http.port, "/aiops/status", trusting: first.certificate, token: token).status == 200
        }
        async let stream = client.stream(
          HTTPRequest(
            url: "https://127.0.0.1:\(http.port)/aiops/stream",
            headers: [("Authorization", "Bearer \(token.exposed)")])
        ) { bytes in
          text.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
          return !text.withLock { $0.contains("INC-00000001") }
        }
        try await eventually("the stream") { server.openStreams == 1 }
        // Not at once: between the two they do not belong together, and the old ones hold.
        try overwrite(live.certificate, try contents(of: new.certificate))
        try await eventually("the mismatch is counted") {
          let metrics = try await get(http.port, "/metrics", trusting: first.certificate, token: token).text
          return metrics.contains("aiops_http_reloads_total{what=\"tls\",outcome=\"broken\"} 1\n")
        }
        try overwrite(live.key, try contents(of: new.key))
        try await eventually("the new one is shown") {
          try await get(http.port, "/healthz", trusting: second.certificate).status == 200
        }
        #expect(await untrusted { try await get(http.port, "/healthz", trusting: first.certificate) })
        try overwrite(live.certificate, "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
        try await eventually("the broken one is counted") {
          let metrics = try await get(http.port, "/metrics", trusting: second.certificate, token: token).text
          return metrics.contains("aiops_http_reloads_total{what=\"tls\",outcome=\"broken\"} 2\n")
        }
        #expect(try await get(http.port, "/healthz", trusting: second.certificate).status == 200)
        coordinator.hub.publish(.sample(1), sequence: 1)
        #expect(try await stream.status == 200)
        #expect(text.withLock { $0.contains("INC-00000001") })
      }
    }
  }

  @Test("files that can't be used stop the start, and are named")
  func broken() async throws {
    try await TemporaryFolder.with("tls") { folder in
      let authority = try await TestAuthority(in: folder)
      let (a, b) = (try await authority.issue("a"), try await authority.issue("b"))
      let junk = try folder.write("junk", to: "junk.pem")
      func error(_ tls: HTTPSecuritySettings.TLS?, tokens: String? = nil) -> String {
        var security = HTTPSecuritySettings()
        security.tls = tls
        security.tokens = tokens
        return failure("127.0.0.1", security)
      }
      for (certificate, key, expected) in [
        (a.certificate, b.key, "do not belong together"), (junk, a.key, "junk.pem"),
        (a.certificate, junk, "junk.pem is no private key"),
        ("/none.pem", a.key, "/none.pem there is no such"),
        (a.certificate, "/none.key", "/none.key there is no such"), (a.key, a.key, "a.key"),
      ] {
        let text = error(HTTPSecuritySettings.TLS(certificate: certificate, key: key))
        #expect(text.hasPrefix("security.tls: ") && text.contains(expected), "\(text)")
      }
      #expect(error(nil, tokens: junk).hasPrefix("security.tokens: \(junk): is not a file of tokens"))
      #expect(error(nil, tokens: "/none").contains("/none: there is no such file"))
    }
  }

  @Test("beyond this machine nothing is served without tokens and TLS, unless the config says so")
  func beyond() async throws {
    try await TemporaryFolder.with("tls") { folder in
      let authority = try await TestAuthority(in: folder)
      let tls = settings(try await authority.issue("server"), authority)
      let tokens = try TestTokens(in: folder).file
      for host in ["0.0.0.0", "::", "192.0.2.1", "example.com"] {
        for (hasTokens, hasTLS, insecure, missing) in [
          (false, false, false, "security.tokens and security.tls"),
          (true, false, false, "needs security.tls."),
          (false, true, false, "needs security.tokens."), (true, true, false, ""), (false, false, true, ""),
          (true, false, true, ""),
        ] {
          var security = HTTPSecuritySettings()
          security.tokens = hasTokens ? tokens : nil
          security.tls = hasTLS ? tls : nil
          security.insecure = insecure
          let text = failure(host, security)
          #expect(missing.isEmpty ? text.isEmpty : text.contains(missing), "\(host): \(text)")
        }
      }
    }
  }

  /// Why a server can't be made; empty when it can.
  private func failure(_ host: String, _ security: HTTPSecuritySettings) -> String {
    do {
      _ = try HTTPAPIServer(
        api: FakeCoordinator(), host: host, port: 0, security: security, now: { .start },
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
      return ""
    } catch {
      return error.description
    }
  }

  @Test("a standby passes on over TLS, with the caller's token or the browser's; the leader decides who may")
  func forwards() async throws {
    try await TemporaryFolder.with("tls") { folder in
      let authority = try await TestAuthority(in: folder)
      let tls = settings(try await authority.issue("server"), authority)
      let (leader, standby) = (FakeCoordinator([.sample(1)]), FakeCoordinator([.sample(1)]))
      try await withGuardedServer(leader, tls: tls) { leading, tokens, _ in
        let (ann, viewer) = (try tokens.make("ann", .operator), try tokens.make("eve", .viewer))
        await standby.set(.other(http: "127.0.0.1:\(leading.port)"))
        var security = tokens.security
        security.tls = tls
        try await withServer(standby, limits: quickLimits(), security: security) { http, _ in
          let client = HTTPClient(authority: authority.certificate)
          defer { client.shutdown() }
          let base = "https://127.0.0.1:\(http.port)"
          func post(_ path: String, _ body: String, _ headers: [(String, String)]) async throws
            -> HTTPResponse
          {
            try await client.send(
              HTTPRequest(method: "POST", url: base + path, headers: headers, body: Array(body.utf8)))
          }
          let json = ("Content-Type", "application/json")
          let path = "/aiops/incidents/INC-00000001/acknowledge"
          try await eventually("both know the tokens") {
            try await post(path, "{}", [json, ("Authorization", "Bearer \(ann.exposed)")]).status == 200
          }
          let login = try await post(
            "/login", "token=\(ann.exposed)", [("Content-Type", "application/x-www-form-urlencoded")])
          let cookie = String(login.header("set-cookie")?.prefix { $0 != ";" } ?? "")
          let page = [json, ("Cookie", cookie), ("Origin", base)]
          #expect(try await post(path, #"{"by":"Ann A."}"#, page).status == 200)
          #expect(
            try await post(path, "{}", [json, ("Authorization", "Bearer \(viewer.exposed)")]).status == 403)
          #expect(await leader.commands.map(\.by) == ["ann", "Ann A. (token ann)"])
          #expect(await standby.commands.isEmpty)
          // A leader that shows another certificate is told nothing.
          let other = try await TestAuthority("other", in: folder)
          security.tls?.authority = other.certificate
          try await withServer(standby, limits: quickLimits(), security: security) { http, _ in
            let answer = try await client.send(
              HTTPRequest(
                method: "POST", url: "https://127.0.0.1:\(http.port)\(path)",
                headers: [json, ("Authorization", "Bearer \(ann.exposed)")], body: Array("{}".utf8)))
            #expect(answer.status == 503 && answer.text.contains("not trusted"), "\(answer.text)")
          }
          #expect(await leader.commands.count == 2)
        }
      }
    }
  }
}
