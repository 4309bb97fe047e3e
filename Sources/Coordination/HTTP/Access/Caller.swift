import AccessTokens

/// Who sends a request, as far as the API can tell.
struct Caller: Sendable, Equatable {
  /// How it is known.
  enum Proof: Sendable, Equatable {
    /// Nothing was asked: it reached an API without tokens.
    case reach
    /// The request carries a token.
    case bearer
    /// The request carries the cookie of a browser that logged in with a token.
    case session
  }

  /// The token's name; `nil` where there are no tokens.
  var name: String?
  /// `nil` for nobody in particular, who may only use what is open to all.
  var role: AccessRole?
  var proof: Proof
  /// Which token it was, so that one is noticed that was revoked meanwhile.
  var hash: TokenHash?
  /// The cookie of the browser's session, where it is one.
  var cookie: String?
  /// What a coordinator that stands by shows to the leader in its place.
  var credential: AccessToken?
  /// Under which its requests and streams are counted.
  var client: String

  /// Who did it, for the journal.
  ///
  /// Where there are tokens, the token's name is always said: alone, or behind the name that the request gives,
  /// which only whoever holds the token vouches for.
  ///
  /// - Parameter given: the request's `by`; `nil` when it gives none.
  func actor(_ given: String?) -> String {
    guard let name else { return given ?? CommandInput.nobody }
    guard let given, given != name else { return name }
    return "\(given) (token \(name))"
  }
}
