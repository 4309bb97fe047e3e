/// What may be in the journal's archive, by the kinds of records.
package enum ArchiveLaw {
  /// Kinds that end their incident for good.
  package static let endings = ["resolved", "marked_false_positive"]
  /// Kinds that belong to no incident and matter no more when they are old.
  package static let loose = ["noted", "archived", "agent_connected", "agents_refused"]
  /// The kind that goes before anything is moved: only records before the latest one may be in the archive.
  package static let order = "archived"
}
