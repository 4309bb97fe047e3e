import IncidentEngine
import IncidentModel
import Notification

extension Notification {
  /// What a sink is told of an announcement.
  init(_ announcement: Announcement, status: IncidentStatus) {
    self.init(
      key: announcement.key, kind: Kind(announcement.kind), incident: announcement.incident,
      severity: announcement.severity, status: status, title: announcement.title,
      text: announcement.text, audience: announcement.audience, at: announcement.at)
  }
}

extension Notification.Kind {
  init(_ kind: Announcement.Kind) {
    self =
      switch kind {
      case .escalation: .escalation
      case .approvalNeeded: .approvalNeeded
      case .resolved: .resolved
      }
  }
}
