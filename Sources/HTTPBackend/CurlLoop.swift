import CCurl
import Glibc
import Threads

/// The thread that owns libcurl's multi handle and every exchange on it.
//
// @unchecked Sendable: `multi` and `transfers` are only touched on the loop's thread, but for
// `curl_multi_wakeup`, which libcurl allows from any thread while the handle lives; it lives until the
// loop object goes, and the thread keeps the loop.
final class CurlLoop: @unchecked Sendable {
  private struct Inbox {
    var transfers: [Transfer] = []
    var stopping = false
  }

  private let maxResponseBytes: Int
  private let userAgent: String
  private let authority: String?
  private let inbox = Locked(Inbox())
  private let multi: UnsafeMutableRawPointer?
  private var transfers: [UnsafeMutableRawPointer: Transfer] = [:]

  /// libcurl wants its global state made once, before any thread uses it.
  private static let global: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

  /// Hosts that are asked directly: what the environment says, and loopback always.
  private static let noProxy: String = {
    let fromEnvironment = getenv("no_proxy") ?? getenv("NO_PROXY")
    let always = "127.0.0.1,localhost,::1"
    return fromEnvironment.map { String(cString: $0) + "," + always } ?? always
  }()

  init(maxResponseBytes: Int, userAgent: String, authority: String?) {
    self.maxResponseBytes = maxResponseBytes
    self.userAgent = userAgent
    self.authority = authority
    multi = Self.global ? curl_multi_init() : nil
    if let multi {
      // Idle connections that are kept for reuse, and connections altogether: bounds, not tuning.
      ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, 16)
      ccurl_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, 256)
    }
  }

  deinit { if let multi { curl_multi_cleanup(multi) } }

  /// Starts the thread, which keeps the loop until ``stop()``.
  func start() {
    var thread = pthread_t()
    let me = Unmanaged.passRetained(self)
    let code = pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<CurlLoop>.fromOpaque(argument).takeRetainedValue().run() }
        return nil
      }, me.toOpaque())
    guard code == 0 else {
      me.release()
      inbox.withLock { $0.stopping = true }
      return
    }
    pthread_detach(thread)
  }

  /// Gives the thread an exchange to run.
  func add(_ transfer: Transfer) {
    let accepted = inbox.withLock { state in
      if !state.stopping { state.transfers.append(transfer) }
      return !state.stopping
    }
    if accepted { wake() } else { transfer.finish(.failure(.shutDown)) }
  }

  /// Makes the thread look at the inbox and at cancelled exchanges.
  func wake() { if let multi { curl_multi_wakeup(multi) } }

  /// Ends the thread, and every exchange with an error.
  func stop() {
    inbox.withLock { $0.stopping = true }
    wake()
  }

  private func run() {
    var stopping = false
    while !stopping {
      let new = inbox.withLock { state in
        defer { state.transfers = [] }
        stopping = state.stopping
        return state.transfers
      }
      for transfer in new { begin(transfer) }
      for (handle, transfer) in transfers where stopping || transfer.isCancelled.withLock({ $0 }) {
        end(handle, .failure(stopping ? .shutDown : .cancelled))
      }
      if stopping { break }
      var running: CInt = 0
      curl_multi_perform(multi, &running)
      var left: CInt = 0
      while let message = curl_multi_info_read(multi, &left) {
        guard message.pointee.msg == CURLMSG_DONE, let handle = message.pointee.easy_handle else { continue }
        guard let transfer = transfers[handle] else { continue }
        end(handle, transfer.outcome(ccurl_message_result(message)))
      }
      curl_multi_poll(multi, nil, 0, endSilent(), nil)
    }
  }

  /// Ends streams that were silent for too long.
  /// - Returns: when to look again, in milliseconds.
  private func endSilent() -> CInt {
    var wait: CInt = 60_000
    let now = ContinuousClock.now
    for (handle, transfer) in transfers {
      guard let silentAt = transfer.silentAt else { continue }
      let (seconds, attoseconds) = (silentAt - now).components
      if silentAt <= now {
        end(handle, transfer.outcome(CURLE_OPERATION_TIMEDOUT))
      } else if seconds < 60 {
        wait = min(wait, CInt(seconds) * 1000 + CInt(attoseconds / 1_000_000_000_000_000) + 1)
      }
    }
    return wait
  }

  private func begin(_ transfer: Transfer) {
    guard let multi else { return transfer.finish(.failure(.shutDown)) }
    do throws(HTTPError) {
      let handle = try transfer.prepare(
        maxResponseBytes: maxResponseBytes, userAgent: userAgent, noProxy: Self.noProxy, authority: authority)
      transfers[handle] = transfer
      curl_multi_add_handle(multi, handle)
    } catch {
      transfer.finish(.failure(error))
    }
  }

  private func end(_ handle: UnsafeMutableRawPointer, _ result: Result<HTTPResponse, HTTPError>) {
    guard let transfer = transfers.removeValue(forKey: handle) else { return }
    curl_multi_remove_handle(multi, handle)
    transfer.finish(result)
  }
}
