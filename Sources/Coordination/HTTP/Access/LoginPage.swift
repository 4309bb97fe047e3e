import Crypto
import FoundationEssentials

/// The page on which a browser is asked for a token: whole in itself, without scripts.
enum LoginPage {
  private static let style = """
    :root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
    body{margin:0;min-height:100vh;display:grid;place-items:center;background:Canvas;color:CanvasText}
    main{width:min(24rem,100vw - 3rem)}
    h1{font-size:1.4rem;margin:0 0 1rem}
    label{display:block;margin-bottom:.3rem}
    input{box-sizing:border-box;width:100%;font:inherit;padding:.5rem .6rem;border:1px solid GrayText;border-radius:.4rem}
    button{margin-top:1rem;width:100%;font:inherit;padding:.55rem;border:0;border-radius:.4rem;background:#0b57d0;color:#fff}
    input:focus-visible,button:focus-visible{outline:3px solid #7aa7f7;outline-offset:1px}
    .refused{border-left:4px solid #c5221f;padding:.3rem .7rem;margin:0 0 1rem}
    .hint{font-size:.9rem;opacity:.8}
    """

  /// What browsers may do with the page: show it, and send its form back here.
  static let policy: String = {
    let hash = Data(SHA256.hash(data: Data(style.utf8))).base64EncodedString()
    return "default-src 'none'; style-src 'sha256-\(hash)'; form-action 'self'; base-uri 'none'; "
      + "frame-ancestors 'none'"
  }()

  /// The page.
  /// - Parameters:
  ///   - next: where the browser goes afterwards.
  ///   - refused: why it was not let in; `nil` when it was not asked yet.
  static func html(next: String, refused: String?) -> String {
    let message = refused.map { "<p class=\"refused\" role=\"alert\">\(escaped($0))</p>\n" } ?? ""
    return """
      <!doctype html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>Log in – AIOps</title>
      <style>\(style)</style>
      </head>
      <body>
      <main>
      <h1>AIOps</h1>
      \(message)<form method="post" action="/login">
      <label for="token">Your token</label>
      <input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
      <input type="hidden" name="next" value="\(escaped(next))">
      <button>Log in</button>
      </form>
      <p class="hint">An administrator makes one: <code>aiopsctl tokens new NAME --role viewer</code></p>
      </main>
      </body>
      </html>

      """
  }

  /// Where a browser may be sent after it logged in: a path of this server, and nothing else.
  static func target(_ text: String?) -> String {
    guard let text, text.hasPrefix("/"), !text.hasPrefix("//"), text.utf8.count <= 512,
      text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\\") })
    else { return "/" }
    return text
  }

  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for character in text.unicodeScalars {
      switch character {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      default: escaped.unicodeScalars.append(character)
      }
    }
    return escaped
  }
}
