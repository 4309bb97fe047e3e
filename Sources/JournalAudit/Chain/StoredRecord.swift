/// A record as the store has it. Texts are bytes: what somebody put there need not be UTF-8.
package struct StoredRecord: Sendable, Equatable {
  /// The place in the journal: 1, 2, 3, …
  package var sequence: Int64
  /// The leadership that it was written under.
  package var epoch: Int64
  package var incident: [UInt8]?
  /// When it happened, in milliseconds since 1970.
  package var at: Int64
  package var kind: [UInt8]
  package var actor: [UInt8]
  /// JSON.
  package var payload: [UInt8]
  /// ``ChainHash`` where it is as it should be.
  package var hash: [UInt8]
  /// Whether it was moved to the archive.
  package var isArchived: Bool

  /// A record; see the fields.
  package init(
    sequence: Int64, epoch: Int64, incident: [UInt8]?, at: Int64, kind: [UInt8], actor: [UInt8],
    payload: [UInt8], hash: [UInt8], isArchived: Bool = false
  ) {
    self.sequence = sequence
    self.epoch = epoch
    self.incident = incident
    self.at = at
    self.kind = kind
    self.actor = actor
    self.payload = payload
    self.hash = hash
    self.isArchived = isArchived
  }
}
