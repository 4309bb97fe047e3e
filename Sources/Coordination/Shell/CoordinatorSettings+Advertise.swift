import Glibc
import Settings

extension CoordinatorSettings {
  /// `host:port` by which other coordinators reach this one's API; empty when it has no fixed port.
  var advertisedHTTP: String {
    if let httpAdvertise { return httpAdvertise }
    guard httpPort != 0 else { return "" }
    // Who listens on every address is reached by the machine's name.
    let host = ["0.0.0.0", "::", "*"].contains(httpHost) ? Self.machine : httpHost
    return "\(host.contains(":") ? "[\(host)]" : host):\(httpPort)"
  }

  private static var machine: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
    return String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
