/// Who may use the HTTP API, and over what: the parts of `security` that it heeds.
package struct HTTPSecuritySettings: Sendable, Equatable {
  /// HTTP over TLS.
  package struct TLS: Sendable, Equatable {
    /// The certificate and its chain, PEM.
    package var certificate: String
    /// The certificate's private key, PEM.
    package var key: String
    /// Whose certificates coordinators take of each other, PEM; `nil` for those that the system trusts.
    package var authority: String?

    /// Files; see the fields.
    package init(certificate: String, key: String, authority: String? = nil) {
      self.certificate = certificate
      self.key = key
      self.authority = authority
    }
  }

  /// The file with the hashed tokens; `nil`: only this machine gets in, and whoever is on it may do everything.
  package var tokens: String?
  package var tls: TLS?
  /// Whether it may be reached from other machines without tokens or TLS.
  package var insecure = false

  /// Neither tokens nor TLS.
  package init() {}

  /// What must be configured before another machine may reach the API; `nil` when it may.
  package var missingBeyondLoopback: String? {
    if insecure { return nil }
    let missing = [tokens == nil ? "security.tokens" : nil, tls == nil ? "security.tls" : nil].compactMap {
      $0
    }
    return missing.isEmpty ? nil : missing.joined(separator: " and ")
  }
}
