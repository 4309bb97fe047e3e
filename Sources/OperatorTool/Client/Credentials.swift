import AccessTokens
import Settings

/// The token that the tool shows to the coordinator, and whose certificates it trusts. Neither is ever printed.
enum Credentials {
  /// The token: of `--token-file`, else `AIOPS_TOKEN`, else of the file that `AIOPS_TOKEN_FILE` names.
  /// - Returns: `nil` when none of them is given.
  static func token(file: String?, environment: [String: String]) throws(ToolError) -> AccessToken? {
    if let file { return try read(file, "--token-file") }
    if let text = environment["AIOPS_TOKEN"], !text.isEmpty { return try parse(text, "AIOPS_TOKEN") }
    if let file = environment["AIOPS_TOKEN_FILE"], !file.isEmpty {
      return try read(file, "AIOPS_TOKEN_FILE")
    }
    return nil
  }

  /// The file of `--authority`, else the one that `AIOPS_CA_FILE` names.
  static func authority(file: String?, environment: [String: String]) throws(ToolError) -> String? {
    let name = file == nil ? "AIOPS_CA_FILE" : "--authority"
    guard let path = file ?? environment["AIOPS_CA_FILE"], !path.isEmpty else { return nil }
    let bytes: [UInt8]
    do throws(SmallFile.Failure) {
      bytes = try SmallFile.read(path, limit: 4 << 20)
    } catch {
      throw ToolError(message: "\(name): \(Terminal.visible(path)): \(error.message)", status: 64)
    }
    guard bytes.firstRange(of: Array("-----BEGIN CERTIFICATE-----".utf8)) != nil else {
      throw ToolError(message: "\(name): \(Terminal.visible(path)) holds no certificate in PEM", status: 64)
    }
    return path
  }

  /// Whether others may read along what is sent to a URL: it is not encrypted, and leaves this machine.
  static func readsAlong(_ url: String) -> Bool {
    guard url.lowercased().hasPrefix("http://") else { return false }
    let authority = url.dropFirst(7).prefix { $0 != "/" && $0 != "?" }
    let host = authority.split(separator: "@").last ?? ""
    return !["127.", "localhost", "[::1]"].contains { host.lowercased().hasPrefix($0) }
  }

  private static func read(_ path: String, _ name: String) throws(ToolError) -> AccessToken {
    let bytes: [UInt8]
    do throws(SmallFile.Failure) {
      bytes = try SmallFile.read(path, limit: 4096)
    } catch {
      throw ToolError(message: "\(name): \(Terminal.visible(path)): \(error.message)", status: 64)
    }
    return try parse(String(decoding: bytes, as: UTF8.self), "\(name): \(Terminal.visible(path))")
  }

  private static func parse(_ text: String, _ name: String) throws(ToolError) -> AccessToken {
    let blanks = text.prefix { $0.isWhitespace }.count
    var trimmed = text.dropFirst(blanks)
    while trimmed.last?.isWhitespace == true { trimmed.removeLast() }
    guard let token = AccessToken(String(trimmed)) else {
      throw ToolError(
        message: "\(name) holds no token; give one as aiopsctl tokens new prints it", status: 64)
    }
    return token
  }
}
