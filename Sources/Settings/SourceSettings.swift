package import IncidentModel

/// Something that is watched.
package struct SourceSettings: Sendable, Equatable {
  /// What is behind it, with what that kind needs.
  package enum Kind: Sendable, Equatable {
    case host(HostSourceSettings)
    case postgres(PostgresSourceSettings)
    case redis(RedisSourceSettings)
    case prometheus(PrometheusSourceSettings)
    case http(HTTPSourceSettings)
  }

  /// Unique name; the ``Label/target`` of its samples.
  package var name: String
  package var kind: Kind
  /// Measured every so many seconds.
  package var intervalSeconds = 30.0
  /// After a failure, measured again after so many seconds.
  package var retrySeconds = 60.0
  /// A measurement that takes longer has failed, in seconds.
  package var timeoutSeconds = 10.0
  /// How far a resolver may go here.
  package var autonomy = Autonomy.suggest
  /// The escalation policy that is followed here, by name; `nil` for the default one.
  package var escalation: String?
  /// The runbook that is proposed when it does not answer; `nil` for none. Its family is availability, and it
  /// needs no parameters.
  package var whenDown: String?
  /// What is wrong with its metrics: the built-in rules of its kind, changed by those of the config.
  package var rules: [RuleSettings]

  /// A source with the defaults of its kind.
  package init(name: String, kind: Kind, rules: [RuleSettings] = []) {
    self.name = name
    self.kind = kind
    self.rules = rules
  }
}

/// This machine: CPU, memory, disk, load and network from /proc and statvfs.
package struct HostSourceSettings: Sendable, Equatable {
  /// Mount points whose fill is measured; empty means every real file system.
  package var mounts: [String] = []
  /// Folders whose size is held against a budget, and which runbooks may clean.
  package var folders: [FolderSettings] = []

  /// The defaults.
  package init() {}
}

/// A folder with a budget, which runbooks may clean of old files.
package struct FolderSettings: Sendable, Equatable {
  /// Absolute path.
  package var path: String
  /// How many bytes it may take; `nil` holds it against its file system's size.
  package var budgetBytes: Int64?
  /// Globs of file names that may be deleted; empty means none.
  package var deletable: [String]
  /// Younger files are never deleted, in seconds.
  package var keepSeconds: Double

  /// A folder; see the fields.
  package init(
    path: String, budgetBytes: Int64? = nil, deletable: [String] = [], keepSeconds: Double = 86_400
  ) {
    self.path = path
    self.budgetBytes = budgetBytes
    self.deletable = deletable
    self.keepSeconds = keepSeconds
  }
}

/// A PostgreSQL server.
package struct PostgresSourceSettings: Sendable, Equatable {
  /// A libpq connection string or URL.
  package var url: Secret
  /// Applications whose sessions are never ended nor cancelled.
  package var protectedApplications: [String] = []
  /// A connection string of PgBouncer's admin console, where there is one.
  package var pgbouncer: Secret?

  /// A server at `url`.
  package init(url: Secret) { self.url = url }
}

/// A Redis or DragonflyDB server.
package struct RedisSourceSettings: Sendable, Equatable {
  package var host: String
  package var port: Int
  package var password: Secret?
  /// Globs of keys that runbooks may delete; empty means none.
  package var clearable: [String] = []
  /// `cache.set_max_memory` may go up to so many bytes; `nil` forbids it.
  package var maxMemoryCeilingBytes: Int64?

  /// A server at host and port.
  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }
}

/// A Prometheus server, asked instant queries.
package struct PrometheusSourceSettings: Sendable, Equatable {
  /// The base URL, e.g. `http://127.0.0.1:9090`.
  package var url: Secret
  /// What is asked.
  package var queries: [PrometheusQuery]

  /// A server with queries.
  package init(url: Secret, queries: [PrometheusQuery]) {
    self.url = url
    self.queries = queries
  }
}

/// One PromQL instant query and the metric that its answer becomes.
package struct PrometheusQuery: Sendable, Equatable {
  /// The metric's name.
  package var metric: String
  /// PromQL; every series of the answer becomes a sample.
  package var query: String
  package var unit: String

  /// A query; see the fields.
  package init(metric: String, query: String, unit: String) {
    self.metric = metric
    self.query = query
    self.unit = unit
  }
}

/// A URL whose status and latency are measured.
package struct HTTPSourceSettings: Sendable, Equatable {
  package var url: Secret
  /// Answers that count as up.
  package var expectedStatus: ClosedRange<Int> = 200...399

  /// A probe of `url`.
  package init(url: Secret) { self.url = url }
}

/// What is wrong with one metric of a source.
package struct RuleSettings: Sendable, Equatable {
  /// The metric's name.
  package var metric: String
  /// A fixed bound; `nil` for none.
  package var threshold: ThresholdSettings?
  /// A deviation from what is usual; `nil` for none.
  package var baseline: BaselineSettings?

  /// A rule; see the fields.
  package init(
    metric: String, threshold: ThresholdSettings? = nil, baseline: BaselineSettings? = nil
  ) {
    self.metric = metric
    self.threshold = threshold
    self.baseline = baseline
  }
}

/// A fixed bound with hysteresis.
package struct ThresholdSettings: Sendable, Equatable {
  package var condition: Condition
  package var value: Double
  /// On whose good side the trouble counts as gone; `nil` means 95 % of an upper bound, 105 % of a lower one.
  package var clear: Double?
  /// The trouble must last so many seconds before it counts; 0 means one sample.
  package var forSeconds: Double
  /// Overrides the severity that the ratio gives.
  package var severity: Severity?

  /// A bound; see the fields.
  package init(
    condition: Condition = .above, value: Double, clear: Double? = nil, forSeconds: Double = 0,
    severity: Severity? = nil
  ) {
    self.condition = condition
    self.value = value
    self.clear = clear
    self.forSeconds = forSeconds
    self.severity = severity
  }

  /// The bound on whose good side the trouble counts as gone.
  package var clearValue: Double {
    if let clear { return clear }
    switch condition {
    case .above: return value * 0.95
    case .below: return value * 1.05
    case .equals: return value
    }
  }
}

/// A deviation from mean and spread of the recent past.
package struct BaselineSettings: Sendable, Equatable {
  /// How many standard deviations are too many.
  package var deviations = 2.0
  /// How many samples make a history.
  package var minimumSamples = 30
  /// How many samples the past reaches back.
  package var windowSamples = 240
  /// A spread smaller than this counts as this, in the metric's unit: the guard against a flat past.
  package var minimumDeviation = 1.0
  /// So many samples in a row must deviate.
  package var forSamples = 3
  /// On which side trouble lies.
  package var condition = Condition.above

  /// The defaults.
  package init() {}
}
