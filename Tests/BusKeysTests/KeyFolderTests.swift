import Glibc
import TestKit
import Testing

@testable import BusKeys

@Suite("The folder of allowed keys") struct KeyFolderTests {
  @Test("a key may be allowed as one kind of agent; that is not changed in passing")
  func kind() async throws {
    try await TemporaryFolder.with { folder in
      let (keys, allowed) = (folder.path("keys"), folder.path("allowed"))
      let pair = try KeyStore.make("a", in: keys)
      #expect(try KeyStore.allow(keys + "/a.pub", as: .diagnoser, in: allowed).wasThere == false)
      #expect(try KeyFolder(allowed).read().keys.kinds == [pair.publicKey: .diagnoser])
      #expect(try KeyStore.allow(keys + "/a.pub", in: allowed).wasThere)
      #expect(try KeyStore.allow(keys + "/a.pub", as: .diagnoser, in: allowed).wasThere)
      let error = #expect(throws: KeyError.self) {
        try KeyStore.allow(keys + "/a.pub", as: .resolver, in: allowed)
      }
      #expect(error?.description.contains("a is allowed as diagnoser already") == true)
      _ = try folder.write(
        "public-key = \"\(pair.publicKey.text)\"\nkind = \"root\"\n", to: "allowed/a.pub")
      let content = try KeyFolder(allowed).read()
      #expect(content.keys.names == [:])
      #expect(content.problems.map(\.description).first?.contains("kind must be one of detector") == true)
    }
  }

  @Test("a name is its file's; what is revoked is never allowed again, also under another name")
  func life() async throws {
    try await TemporaryFolder.with { folder in
      let (keys, allowed) = (folder.path("keys"), folder.path("allowed"))
      let pair = try KeyStore.make("a", in: keys)
      #expect(try KeyStore.allow(keys + "/a.pub", in: allowed).wasThere == false)
      #expect(try KeyStore.allow(keys + "/a.pub", in: allowed).wasThere)
      #expect(try KeyFolder(allowed).read().keys.names == [pair.publicKey: "a"])
      // The same key under another name would blur who did what.
      _ = try folder.write(KeyFile.text(pair.publicKey, name: "b"), to: "b.pub")
      #expect(throws: KeyError.self) { try KeyStore.allow(folder.path("b.pub"), in: allowed) }

      #expect(try KeyStore.revoke("a", in: allowed) == allowed + "/a.revoked")
      let after = try KeyFolder(allowed).read().keys
      #expect(after.names.isEmpty && after.revoked == [pair.publicKey: "a"])
      #expect(throws: KeyError.self) { try KeyStore.revoke("a", in: allowed) }
      #expect(throws: KeyError.self) { try KeyStore.allow(keys + "/a.pub", in: allowed) }
      // Copied by hand under another name.
      _ = try folder.write(KeyFile.text(pair.publicKey, name: "c"), to: "allowed/c.pub")
      let copied = try KeyFolder(allowed).read()
      #expect(copied.keys.names.isEmpty && copied.problems.count == 1)
      #expect(copied.problems.first?.file == allowed + "/c.pub")

      // A second key of the same name, and its end.
      let second = try KeyStore.make("a", in: folder.path("new"))
      _ = try KeyStore.allow(folder.path("new/a.pub"), in: allowed)
      #expect(try KeyStore.revoke("a", in: allowed) == allowed + "/a.2.revoked")
      #expect(
        try KeyFolder(allowed).read().keys.revoked == [pair.publicKey: "a", second.publicKey: "a"])
    }
  }

  @Test("a name that stands for another key is not given to a new one in silence")
  func taken() async throws {
    try await TemporaryFolder.with { folder in
      _ = try KeyStore.make("a", in: folder.path("one"))
      _ = try KeyStore.make("a", in: folder.path("two"))
      _ = try KeyStore.allow(folder.path("one/a.pub"), in: folder.path("allowed"))
      let error = #expect(throws: KeyError.self) {
        try KeyStore.allow(folder.path("two/a.pub"), in: folder.path("allowed"))
      }
      #expect(error?.message.contains("keys revoke a") == true)
    }
  }

  @Test("a malformed file is named and allows nobody; the others do")
  func malformed() async throws {
    try await TemporaryFolder.with { folder in
      let pair = try KeyPair.generate()
      _ = try folder.write(KeyFile.text(pair.publicKey, name: "good"), to: "good.pub")
      _ = try folder.write(KeyFile.text(pair.publicKey, name: "twin"), to: "twin.pub")
      _ = try folder.write("public-key = \"short\"\n", to: "bad.pub")
      _ = try folder.write(KeyFile.text(try KeyPair.generate(), name: "x"), to: "secret.pub")
      _ = try folder.write(String(repeating: "#", count: 5_000), to: "large.pub")
      _ = try folder.write(KeyFile.text(try KeyPair.generate().publicKey, name: "x"), to: "no name.pub")
      _ = try folder.write("anything", to: "README")
      mkdir(folder.path("folder.pub"), 0o755)
      let content = try KeyFolder(folder.path).read()
      #expect(content.keys.names == [pair.publicKey: "good"])
      #expect(
        Set(content.problems.compactMap { $0.file.split(separator: "/").last.map(String.init) })
          == ["bad.pub", "folder.pub", "large.pub", "no name.pub", "secret.pub", "twin.pub"])
    }
  }

  @Test("every change is seen by the signature; a missing folder allows nobody")
  func signature() async throws {
    try await TemporaryFolder.with { folder in
      let place = KeyFolder(folder.path("allowed"))
      #expect(try place.read().keys == AllowedKeys())
      let missing = try place.signature()
      let pair = try KeyStore.make("a", in: folder.path("keys"))
      _ = try KeyStore.allow(folder.path("keys/a.pub"), in: place.path)
      let one = try place.signature()
      #expect(one != missing)
      #expect(try place.signature() == one)
      // Another key of the same size, written over it.
      let other = try KeyPair.generate().publicKey
      #expect(other != pair.publicKey)
      _ = try folder.write(KeyFile.text(other, name: "a"), to: "allowed/a.pub")
      #expect(try place.signature() != one)
      #expect(try place.read().keys.names == [other: "a"])
    }
  }

  @Test(
    "names that could be something else in a path or a log are none",
    arguments: [
      "", ".", "..", "a/b", "a b", "a\nb", "-rf", ".hidden", "é", String(repeating: "a", count: 65),
    ])
  func names(name: String) async throws {
    #expect(KeyName.objection(name) != nil)
    try await TemporaryFolder.with { folder in
      #expect(throws: KeyError.self) { try KeyStore.make(name, in: folder.path) }
      #expect(throws: KeyError.self) { try KeyStore.revoke(name, in: folder.path) }
    }
  }
}
