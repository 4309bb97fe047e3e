package import AccessTokens
package import IncidentModel

/// A browser that logged in.
package struct BrowserSession: Sendable, Equatable {
  /// The token's name.
  package var name: String
  /// The token, kept in memory as long as the session lasts: a coordinator that stands by shows it to the leader.
  package var credential: AccessToken
  /// From when on the browser is asked again.
  package var end: Timestamp

  /// A session; see the fields.
  package init(name: String, credential: AccessToken, end: Timestamp) {
    self.name = name
    self.credential = credential
    self.end = end
  }
}

/// The browsers that logged in at this coordinator: a bounded number, in memory alone.
///
/// Known by a random cookie, of which only the hash is kept. After a fail-over, and after a restart, a browser is
/// asked for its token again: nothing that would be worth stealing has to be shared between coordinators.
package struct SessionTable: Sendable {
  /// Sessions at a time; the oldest one ends for a new one.
  package let capacity: Int
  private var sessions: [TokenHash: BrowserSession] = [:]
  private var order: [TokenHash] = []

  /// An empty table of so many places.
  package init(capacity: Int) { self.capacity = max(1, capacity) }

  /// How many sessions there are.
  package var count: Int { sessions.count }

  /// Remembers a session under a cookie's value.
  package mutating func add(_ session: BrowserSession, cookie: String, at now: Timestamp) {
    if sessions.count >= capacity {
      order.removeAll { id in
        guard let old = sessions[id], old.end <= now else { return false }
        sessions[id] = nil
        return true
      }
    }
    if sessions.count >= capacity, let oldest = order.first {
      order.removeFirst()
      sessions[oldest] = nil
    }
    let id = TokenHash(of: cookie)
    if sessions.updateValue(session, forKey: id) == nil { order.append(id) }
  }

  /// The session of a cookie's value, unless it has ended.
  package mutating func session(cookie: String, at now: Timestamp) -> BrowserSession? {
    let id = TokenHash(of: cookie)
    guard let session = sessions[id] else { return nil }
    if session.end > now { return session }
    forget(id)
    return nil
  }

  /// Ends a session.
  package mutating func end(cookie: String) { forget(TokenHash(of: cookie)) }

  private mutating func forget(_ id: TokenHash) {
    guard sessions.removeValue(forKey: id) != nil else { return }
    order.removeAll { $0 == id }
  }
}
