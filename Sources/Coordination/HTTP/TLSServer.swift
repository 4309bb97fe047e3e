import HummingbirdCore
import Logging
import NIOCore
import NIOSSL
import Settings

/// The certificate that is shown, as files have it.
enum ServerCertificate {
  /// Reads a certificate and its key.
  /// - Throws: ``TLSFileError`` that names the file.
  static func load(_ settings: HTTPSecuritySettings.TLS) throws(TLSFileError) -> NIOSSLContext {
    let chain: [NIOSSLCertificate]
    do {
      chain = try NIOSSLCertificate.fromPEMBytes(try read(settings.certificate))
    } catch let error as TLSFileError {
      throw error
    } catch {
      throw TLSFileError(settings.certificate, "is no certificate in PEM")
    }
    guard !chain.isEmpty else { throw TLSFileError(settings.certificate, "holds no certificate") }
    let key: NIOSSLPrivateKey
    do {
      key = try NIOSSLPrivateKey(bytes: try read(settings.key), format: .pem)
    } catch let error as TLSFileError {
      throw error
    } catch {
      throw TLSFileError(settings.key, "is no private key in PEM, or one with a password")
    }
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
    configuration.minimumTLSVersion = .tlsv12
    // Whoever does not answer the goodbye must not hold up a shutdown.
    configuration.shutdownTimeout = .milliseconds(300)
    configuration.applicationProtocols = ["http/1.1"]
    do {
      return try NIOSSLContext(configuration: configuration)
    } catch {
      throw TLSFileError(settings.certificate, "and the key \(settings.key) do not belong together")
    }
  }

  private static func read(_ path: String) throws(TLSFileError) -> [UInt8] {
    do throws(SmallFile.Failure) {
      return try SmallFile.read(path, limit: 1 << 20)
    } catch {
      throw TLSFileError(path, error.message)
    }
  }
}

/// Why a certificate can't be used; for people.
struct TLSFileError: Error, Sendable, Equatable, CustomStringConvertible {
  let path: String
  let reason: String

  init(_ path: String, _ reason: String) {
    self.path = path
    self.reason = reason
  }

  var description: String { "\(path) \(reason)" }
}

/// Puts TLS before a connection's HTTP, with the certificate as it is when the connection comes.
///
/// Not the library's own `TLSChannel`, which keeps the certificate of its start.
struct ReloadedTLSChannel<Base: ServerChildChannel>: ServerChildChannel {
  let base: Base
  let certificate: WatchedFiles<NIOSSLContext>

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Base.Value> {
    channel.eventLoop.makeCompletedFuture {
      try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: certificate.value))
    }.flatMap {
      base.setup(channel: channel, logger: logger)
    }
  }

  func handle(value: Base.Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}
