import HostBackend
import IncidentModel
import Settings
import Threads

/// This machine, on a thread of its own: a network file system may hang.
actor HostCollector: Collector {
  /// Mounts, folders and interfaces are measured up to so many of each.
  private static let maxSeries = 64
  /// The first collection looks twice with so much time between, so that there are rates at once.
  private static let firstInterval = Duration.milliseconds(250)

  private struct Reading {
    var cpu: CPUTimes
    var network: [String: InterfaceCounters]
    var at: ContinuousClock.Instant
  }

  private let target: String
  private let host: String
  private let settings: HostSourceSettings
  private let probe: HostProbe
  /// All folders together are walked for so long at most.
  private let walkTime: Duration
  private let executor = ThreadExecutor(name: "host")
  private var previous: Reading?
  private var notes = Notes()

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(
    target: String, host: String, settings: HostSourceSettings, timeout: Duration,
    probe: HostProbe = HostProbe()
  ) {
    self.target = target
    self.host = host
    self.settings = settings
    self.probe = probe
    walkTime = timeout / 4
  }

  func collect(at now: Timestamp) async throws(CollectionError) -> [Sample] {
    let sample = SampleMaker(source: "host", target: target, now: now, host: host)
    do throws(HostError) {
      if previous == nil {
        previous = try read()
        // A sleep that is cut short makes the rates coarser, nothing else.
        try? await Task.sleep(for: Self.firstInterval)
      }
      return try usage(sample) + rates(sample) + disks(sample) + folders(sample)
    } catch {
      throw .invalidAnswer("this host cannot be measured: \(error)")
    }
  }

  func takeNotes() -> [String] { notes.take() }

  func close() { executor.shutdown() }

  private func read() throws(HostError) -> Reading {
    let interfaces = try? probe.network().prefix(Self.maxSeries)
    return Reading(
      cpu: try probe.cpuTimes(),
      network: Dictionary((interfaces ?? []).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first }),
      at: .now)
  }

  private func usage(_ sample: SampleMaker) throws(HostError) -> [Sample] {
    let memory = try probe.memory()
    let load = try probe.loadAverage().oneMinute / Double(try probe.processorCount())
    var samples = [
      sample("host_memory_usage", memory.usedPercent, "percent"), sample("host_load_per_core", load, "ratio"),
    ]
    if let swap = memory.swapUsedPercent { samples.append(sample("host_swap_usage", swap, "percent")) }
    return samples
  }

  /// What is counted between two readings.
  private func rates(_ sample: SampleMaker) throws(HostError) -> [Sample] {
    let current = try read()
    defer { previous = current }
    guard let previous else { return [] }
    var samples: [Sample] = []
    if let cpu = current.cpu.usagePercent(since: previous.cpu) {
      samples.append(sample("host_cpu_usage", cpu, "percent"))
    }
    let seconds = (current.at - previous.at).inSeconds
    for (name, now) in current.network.sorted(by: { $0.key < $1.key }) {
      // An interface that went and came back counts from zero.
      guard seconds > 0, let old = previous.network[name], now.receivedBytes >= old.receivedBytes,
        now.transmittedBytes >= old.transmittedBytes, now.errors >= old.errors
      else { continue }
      let label = ["interface": name]
      let received = Double(now.receivedBytes - old.receivedBytes) / seconds
      let transmitted = Double(now.transmittedBytes - old.transmittedBytes) / seconds
      samples.append(sample("host_network_receive_rate", received, "bytes/s", label))
      samples.append(sample("host_network_transmit_rate", transmitted, "bytes/s", label))
      samples.append(sample("host_network_errors", Double(now.errors - old.errors), "count", label))
    }
    return samples
  }

  private func disks(_ sample: SampleMaker) -> [Sample] {
    let found = settings.mounts.isEmpty ? (try? probe.mounts().map(\.path)) ?? [] : settings.mounts
    return found.prefix(Self.maxSeries).flatMap { mount -> [Sample] in
      do throws(HostError) {
        let usage = try probe.fileSystem(at: mount)
        notes.settle(mount)
        // File systems without a size, such as some of the kernel's, cannot be full.
        guard usage.totalBytes > 0 else { return [] }
        let label = ["mount": mount]
        let inodes = usage.inodesUsedPercent.map { sample("host_disk_inodes_usage", $0, "percent", label) }
        return [sample("host_disk_usage", usage.usedPercent, "percent", label)] + (inodes.map { [$0] } ?? [])
      } catch {
        notes.remark(mount, "\(target): the mount \(mount) is not measured: \(error)")
        return []
      }
    }
  }

  private func folders(_ sample: SampleMaker) -> [Sample] {
    let folders = settings.folders.prefix(Self.maxSeries)
    let end = ContinuousClock.now + walkTime
    return folders.enumerated().compactMap { index, folder in
      // What is left is shared, so that one folder that is too large does not starve the others.
      let share = max(.zero, end - .now) / (folders.count - index)
      do throws(HostError) {
        let size = try probe.folderSize(folder.path, bounds: WalkBounds(timeLimit: share))
        guard size.isComplete else {
          notes.remark(
            folder.path,
            "\(target): the folder \(folder.path) can't be measured whole: it is too "
              + "large or deep, or parts of it may not be read")
          return nil
        }
        let budget: Int64
        if let bytes = folder.budgetBytes {
          budget = bytes
        } else {
          budget = try probe.fileSystem(at: folder.path).totalBytes
        }
        guard budget > 0 else { return nil }
        notes.settle(folder.path)
        let percent = 100 * Double(size.bytes) / Double(budget)
        return sample("host_folder_usage", percent, "percent", ["folder": folder.path])
      } catch {
        notes.remark(folder.path, "\(target): the folder \(folder.path) is not measured: \(error)")
        return nil
      }
    }
  }
}
