import Glibc

extension CoordinatorSettings {
  /// An endpoint of the bus as others are told of it.
  ///
  /// ``advertise`` takes the place of every host but loopback; without it the endpoint stays as it is, even one
  /// that listens on every interface: whoever reached the bus under some name reaches the changes under it too.
  package func advertised(_ endpoint: String) -> String {
    guard let advertise, endpoint.hasPrefix("tcp://"),
      let address = NetworkText.split(String(endpoint.dropFirst(6))), let port = address.port,
      !NetworkText.isLoopback(address.host)
    else { return endpoint }
    return "tcp://\(advertise):\(port)"
  }

  /// `host:port` of the API as others are told of it; empty when the port is not known.
  ///
  /// - Parameter machine: this machine's name, for an API on every interface while nothing is advertised.
  package func advertisedHTTP(machine: @autoclosure () -> String = machineName()) -> String {
    if let httpAdvertise { return httpAdvertise }
    if httpPort == 0 { return "" }
    var host = httpHost
    if !NetworkText.isLoopback(host) {
      if let advertise {
        host = advertise
      } else if NetworkText.isWildcard(host) {
        host = machine()
      }
    }
    return "\(host.contains(":") ? "[\(host)]" : host):\(httpPort)"
  }

  /// This machine's name, as the kernel has it.
  package static func machineName() -> String {
    var bytes = [CChar](repeating: 0, count: 256)
    guard gethostname(&bytes, bytes.count - 1) == 0 else { return "localhost" }
    return String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The bus for agents that are configured by the same file: an address of every interface is one of this machine.
  var busForAgents: String {
    let told = advertised(bus)
    guard told.hasPrefix("tcp://"), let address = NetworkText.split(String(told.dropFirst(6))),
      let port = address.port, NetworkText.isWildcard(address.host)
    else { return told }
    return "tcp://127.0.0.1:\(port)"
  }
}
