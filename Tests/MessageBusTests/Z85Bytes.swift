import BusKeys
import CZeroMQ

/// The bytes of keys, by libzmq itself.
enum Z85Bytes {
  static func of(_ key: PublicKey) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 32)
    zmq_z85_decode(&bytes, key.text)
    return bytes
  }
}
