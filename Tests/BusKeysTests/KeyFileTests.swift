import Glibc
import TestKit
import Testing

@testable import BusKeys

@Suite("Key files") struct KeyFileTests {
  private func error(_ text: String) -> String? {
    do throws(KeyError) {
      _ = try KeyFile.publicKey(Array(text.utf8), file: "a.pub")
      return nil
    } catch { return error.description }
  }

  @Test("a pair and its public key are read as they were written, and belong together")
  func roundTrip() async throws {
    try await TemporaryFolder.with { folder in
      let pair = try KeyStore.make("diagnoser-1", in: folder.path("keys"))
      #expect(try KeyFile.readPair(folder.path("keys/diagnoser-1.key")) == pair)
      #expect(try KeyFile.readPublic(folder.path("keys/diagnoser-1.pub")) == pair.publicKey)
      #expect(pair.secretKey.publicKey == pair.publicKey)
      #expect(pair.secretKey.exposed.utf8.count == 40 && pair.secretKey.exposed != pair.publicKey.text)
      var status = stat()
      #expect(stat(folder.path("keys/diagnoser-1.key"), &status) == 0)
      #expect(status.st_mode & 0o777 == 0o600)
    }
  }

  @Test("a key that is there is never overwritten, and a failure leaves nothing behind")
  func overwriting() async throws {
    try await TemporaryFolder.with { folder in
      let first = try KeyStore.make("a", in: folder.path)
      #expect(throws: KeyError.self) { try KeyStore.make("a", in: folder.path) }
      #expect(try KeyFile.readPair(folder.path("a.key")) == first)
      // Half of it is there already.
      _ = try folder.write("mine", to: "b.pub")
      #expect(throws: KeyError.self) { try KeyStore.make("b", in: folder.path) }
      #expect(access(folder.path("b.key"), F_OK) != 0)
      let left = try #require(opendir(folder.path))
      defer { closedir(left) }
      while let entry = readdir(left) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) {
          String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        #expect(!name.hasPrefix(".new"))
      }
    }
  }

  @Test(
    "a secret key that others may read is refused, with the remedy", arguments: [0o640, 0o604, 0o644, 0o660])
  func mode(mode: UInt32) async throws {
    try await TemporaryFolder.with { folder in
      _ = try KeyStore.make("a", in: folder.path)
      chmod(folder.path("a.key"), mode)
      let error = #expect(throws: KeyError.self) { try KeyFile.readPair(folder.path("a.key")) }
      #expect(error?.description.contains("chmod 600 \(folder.path("a.key"))") == true)
    }
  }

  @Test("what is wrong is named with file and line, and is no key")
  func malformed() throws {
    let key = try KeyPair.generate().publicKey.text
    #expect(error("public-key = \"\(key)\"\n") == nil)
    #expect(error("curve\n\tpublic-key = \"\(key)\"\r\n\n# end") == nil)
    #expect(error("") == "a.pub: has no line public-key = \"…\"")
    #expect(
      error("# x\npublic-key = \"\(key.dropLast())\"")?.hasPrefix("a.pub:2: public-key must be") == true)
    #expect(error("public-key = \(key)")?.hasPrefix("a.pub:1: must be") == true)
    #expect(error("public-key = \"\(key)\"\npublic-key = \"\(key)\"") == "a.pub:2: public-key is given twice")
    #expect(error("public-key = \"\(key)\"\nadmin = \"yes\"")?.hasPrefix("a.pub:2: must be") == true)
    #expect(error("public-key = \"\(String(repeating: "#", count: 40))\"")?.contains("Z85") == true)
    #expect(error("public-key = \"\(String(repeating: "é", count: 20))\"")?.contains("Z85") == true)
    #expect(error("public-key = \"\(key)\"\nsecret-key = \"\(key)\"")?.contains("holds a secret key") == true)
  }

  @Test("a secret is not shown by anything that prints it, and neither is a wrong one")
  func hidden() throws {
    let pair = try KeyPair.generate()
    let secret = pair.secretKey.exposed
    var dumped = ""
    dump(pair, to: &dumped)
    for text in ["\(pair)", "\(pair.secretKey)", String(reflecting: pair), dumped] {
      #expect(!text.contains(secret))
    }
    for text in ["secret-key = \"\(secret.dropLast())\"", "secret-key = \(secret)", "x \(secret)"] {
      let found = error(text)
      #expect(found != nil && found?.contains(secret.dropLast()) == false)
    }
  }

  @Test("any bytes are a key or an error", arguments: 0..<4 as Range<UInt64>)
  func fuzz(seed: UInt64) throws {
    var random = SeededRandom(seed: seed)
    let whole = Array(KeyFile.text(try KeyPair.generate(), name: "x").utf8)
    for _ in 0..<500 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = UInt8.random(in: .min ... .max, using: &random)
        case 1: bytes.removeSubrange(place...)
        default: bytes.insert(contentsOf: Array("\"=\n#".utf8), at: place)
        }
        if bytes.isEmpty { bytes = [0] }
      }
      do throws(KeyError) { _ = try KeyFile.parse(bytes, file: "f") } catch {
        #expect(error.line != nil && !error.message.isEmpty)
      }
    }
  }
}
