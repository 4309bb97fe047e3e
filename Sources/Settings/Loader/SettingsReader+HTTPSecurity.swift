extension SettingsReader {
  /// What `security` says of the HTTP API; other keys of the section are for others.
  /// - Parameter insecure: what the section says to go without; it is one word for the bus and for HTTP.
  func httpSecurity(_ map: YAMLMap, insecure: Bool) -> HTTPSecuritySettings {
    var settings = HTTPSecuritySettings()
    settings.insecure = insecure
    map.set("tokens", to: &settings.tokens) { $0.text().map(resolve) }
    map.set("tls", to: &settings.tls) { $0.map().flatMap(tls) }
    return settings
  }

  private func tls(_ map: YAMLMap) -> HTTPSecuritySettings.TLS? {
    let certificate = map.required("certificate")?.text().map(resolve)
    let key = map.required("key")?.text().map(resolve)
    let authority = map.optional("authority")?.text().map(resolve)
    map.finish()
    guard let certificate, let key else { return nil }
    return HTTPSecuritySettings.TLS(certificate: certificate, key: key, authority: authority)
  }

  /// Why the HTTP API may not listen at an address.
  func httpObjection(_ host: String, _ security: HTTPSecuritySettings) -> String? {
    guard !NetworkText.isLoopback(host), let missing = security.missingBeyondLoopback else { return nil }
    return "\(Shown.text(host)) is not a loopback address; beyond this machine the HTTP API needs \(missing) "
      + "(or security.insecure: true, and everybody who reaches it reads along): set that, or use 127.0.0.1"
  }

  /// `host:port` by which others reach the API.
  func advertisedAddress(_ value: YAMLValue) -> String? {
    guard let text = value.text(1...260) else { return nil }
    guard let address = NetworkText.split(text), let port = address.port, (1...65_535).contains(port),
      !address.host.isEmpty,
      address.host.utf8.allSatisfy({ byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
          UInt8(ascii: ":"):
          true
        default: false
        }
      })
    else {
      value.report("must be a host and a port such as coordinator-1:8080")
      return nil
    }
    return text
  }
}
