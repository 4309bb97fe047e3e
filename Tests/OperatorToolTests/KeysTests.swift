import BusKeys
import Glibc
import TestKit
import Testing

@Suite("aiopsctl keys") struct KeysTests {
  @Test("makes a pair, says what is next, and never shows the secret")
  func new() async throws {
    try await TemporaryFolder.with { folder in
      let keys = folder.path("keys")
      let run = await aiopsctl(["keys", "new", "diagnoser-1", "--folder", keys])
      #expect(run.status == 0)
      let pair = try KeyFile.readPair(keys + "/diagnoser-1.key")
      #expect(
        run.text.contains(pair.publicKey.text)
          && run.text.contains("aiopsctl keys allow \(keys)/diagnoser-1.pub"))
      #expect(!run.text.contains(pair.secretKey.exposed))
      let again = await aiopsctl(["keys", "new", "diagnoser-1", "--folder", keys])
      #expect(again.status == 1 && again.text.contains("not overwritten"))
      #expect(try KeyFile.readPair(keys + "/diagnoser-1.key") == pair)
      #expect(await aiopsctl(["keys", "new", "../x", "--folder", keys]).status == 1)
      #expect(await aiopsctl(["keys", "new", "a", "--folder", folder.path("no/such")]).status == 1)
    }
  }

  @Test("allows, lists and revokes; a revoked key is never allowed again")
  func life() async throws {
    try await TemporaryFolder.with { folder in
      let (keys, allowed) = (folder.path("keys"), folder.path("allowed"))
      _ = await aiopsctl(["keys", "new", "a", "--folder", keys])
      _ = await aiopsctl(["keys", "new", "b", "--folder", keys])
      for name in ["a", "b", "a"] {
        let run = await aiopsctl(["keys", "allow", "\(keys)/\(name).pub", "--folder", allowed])
        #expect(run.status == 0, "\(run.text)")
      }
      let wrong = await aiopsctl(["keys", "allow", "\(keys)/a.key", "--folder", allowed])
      #expect(wrong.status == 1 && wrong.text.contains(".pub"))
      let key = try KeyFile.readPublic(keys + "/a.pub").text
      let allowing = await aiopsctl(["keys", "list", "--folder", allowed]).out
      #expect(allowing.contains("a     allowed  any   \(key)"))
      #expect(await aiopsctl(["keys", "revoke", "a", "--folder", allowed]).status == 0)
      #expect(await aiopsctl(["keys", "revoke", "a", "--folder", allowed]).status == 1)
      let revoking = await aiopsctl(["keys", "list", "--folder", allowed]).out
      #expect(revoking.contains("a     revoked  any   \(key)"))
      let back = await aiopsctl(["keys", "allow", "\(keys)/a.pub", "--folder", allowed])
      #expect(back.status == 1 && back.text.contains("revoked"))
      let json = await aiopsctl(["keys", "list", "--folder", allowed, "-o", "json"])
      #expect(json.status == 0 && json.text.contains("\"state\" : \"allowed\""), "\(json.text)")
    }
  }

  @Test("names malformed files and ends with 1; a folder that is not there is an error")
  func problems() async throws {
    try await TemporaryFolder.with { folder in
      _ = try folder.write("public-key = \"x\"\n", to: "bad.pub")
      let run = await aiopsctl(["keys", "list", "--folder", folder.path])
      #expect(run.status == 1 && run.text.contains("bad.pub:1:"))
      #expect(await aiopsctl(["keys", "list", "--folder", folder.path("none")]).status == 1)
    }
  }
}
