package import FoundationEssentials

/// JSON as the system writes it everywhere: snake_case names, RFC 3339 times, sorted keys.
package enum JSONCoding {
  /// A fresh encoder; encoders are not shared between tasks.
  package static func encoder(pretty: Bool = false) -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting =
      pretty
      ? [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes] : [.sortedKeys, .withoutEscapingSlashes]
    return encoder
  }

  /// A fresh decoder for what ``encoder(pretty:)`` wrote.
  package static func decoder() -> JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return decoder
  }
}
