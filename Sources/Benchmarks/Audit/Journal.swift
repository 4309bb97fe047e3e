import Coordination
import IncidentEngine
import IncidentModel
import Settings

/// An event of the journal with the leadership that it was written under.
struct JournaledEvent: Sendable {
  var event: EngineEvent
  var epoch: Int64

  var sequence: UInt64 { event.sequence }
  var at: Timestamp { event.at }
  var incident: IncidentID? { event.incident }
}

/// Reads the whole journal as another coordinator would.
func readJournal(_ configuration: String) async throws -> [JournaledEvent] {
  let settings = try SettingsLoader.load(path: configuration, environment: [:])
  let store = try await JournalStores.open(settings.coordinator)
  var events: [JournaledEvent] = []
  do {
    let decoder = JSONCoding.decoder()
    try await store.replay(from: 1) { records in
      for record in records {
        events.append(JournaledEvent(event: try record.event(decoder: decoder), epoch: record.epoch))
      }
    }
    await store.close()
  } catch {
    await store.close()
    throw error
  }
  return events
}
