import CZeroMQ
import Glibc
import IncidentModel
import MessageBus

/// A DEALER on the bus that belongs to one thread and says what it is told to.
///
/// Not an `AgentLink`, which spools, waits and resends: a load generator must be able to say more than
/// a polite agent would.
final class BusPeer {
  private let context: UnsafeMutableRawPointer
  private let socket: UnsafeMutableRawPointer
  private let info: AgentInfo

  /// Connects.
  /// - Parameter name: the agent's name and the begin of its instance.
  init(endpoint: String, name: String) throws {
    let instance = "\(name)-\(UInt64.random(in: .min ... .max))"
    info = AgentInfo(
      instance: instance, kind: .detector, name: name, version: AIOpsVersion.current, pid: getpid(),
      targets: [])
    guard let context = zmq_ctx_new(), let socket = zmq_socket(context, ZMQ_DEALER) else {
      throw BenchmarkError("no ZeroMQ socket: \(String(cString: zmq_strerror(zmq_errno())))")
    }
    self.context = context
    self.socket = socket
    var linger: CInt = 0
    zmq_setsockopt(socket, ZMQ_LINGER, &linger, MemoryLayout<CInt>.size)
    let id = Array(instance.utf8)
    guard zmq_setsockopt(socket, ZMQ_ROUTING_ID, id, id.count) == 0, zmq_connect(socket, endpoint) == 0 else {
      throw BenchmarkError("\(endpoint): \(String(cString: zmq_strerror(zmq_errno())))")
    }
  }

  /// Must be called on the socket's thread, when nobody needs it any more.
  func close() {
    zmq_close(socket)
    zmq_ctx_term(context)
  }

  /// Says hello and waits for the welcome.
  func greet(patience: Duration) throws {
    let end = ContinuousClock.now + patience
    try sayHello()
    while ContinuousClock.now < end {
      wait(milliseconds: 100, orWritable: false)
      while let message = try receive() {
        if case .welcome = message { return }
      }
    }
    throw BenchmarkError("the coordinator did not welcome the sender within \(patience)")
  }

  /// Says hello, without waiting for anything.
  func sayHello() throws { _ = send(try WireCodec.encode(.hello(info))) }

  /// Sends one frame unless the socket is full. Never waits.
  func send(_ frame: [UInt8]) -> Bool { zmq_send(socket, frame, frame.count, ZMQ_DONTWAIT) >= 0 }

  /// Waits for something to receive, or until it can be written to.
  func wait(milliseconds: Int, orWritable: Bool) {
    var item = zmq_pollitem_t(
      socket: socket, fd: 0, events: Int16(ZMQ_POLLIN | (orWritable ? ZMQ_POLLOUT : 0)), revents: 0)
    _ = zmq_poll(&item, 1, milliseconds)
  }

  /// The next message; `nil` when there is none.
  func receive() throws -> CoordinatorMessage? {
    var message = zmq_msg_t()
    zmq_msg_init(&message)
    defer { zmq_msg_close(&message) }
    let size = zmq_msg_recv(&message, socket, ZMQ_DONTWAIT)
    if size < 0 { return nil }
    let bytes = UnsafeRawBufferPointer(start: zmq_msg_data(&message), count: Int(size))
    return try WireCodec.decodeCoordinatorMessage([UInt8](bytes))
  }
}
