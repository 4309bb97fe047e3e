import IncidentModel

/// A file system or a folder is full: is it what a declared folder keeps, and may that go?
///
/// 1. The fullest file systems. 2. What lies in the declared folders, by deletable glob and age.
struct DiskProcedure: Procedure {
  func question(_ dossier: Dossier) -> Question? {
    if dossier.asked(.hostFullestMounts) == 0 {
      return Question("Which file systems are full?", .hostFullestMounts)
    }
    if !dossier.source.folders.isEmpty, dossier.asked(.hostLargestFolders) == 0 {
      return Question("What lies in the folders that may be cleaned, and how old is it?", .hostLargestFolders)
    }
    return nil
  }

  func candidates(_ dossier: Dossier) -> [Candidate] {
    // How many bytes a folder holds says nothing of the inodes that are in use.
    if Self.isAboutInodes(dossier) { return [mount(dossier)].compactMap { $0 } }
    let folders = places(dossier).compactMap { candidate(dossier, $0) }
    return folders.isEmpty ? [mount(dossier)].compactMap { $0 } : folders
  }

  private static func isAboutInodes(_ dossier: Dossier) -> Bool {
    dossier.symptom?.metric == "host_disk_inodes_usage"
  }

  /// A folder, and the space it is held against.
  private struct Place {
    var folder: FolderUse
    /// Bytes in use of that space, by everything.
    var usedBytes: Int64
    /// The space.
    var totalBytes: Int64
  }

  /// The folders that the symptom is about: the one that is named, or those on the mount that is named.
  private func places(_ dossier: Dossier) -> [Place] {
    guard let found = dossier.found(.hostLargestFolders), case .folders(let result)? = found.result else {
      return []
    }
    var mounts = MountsResult(mounts: [])
    if case .mounts(let answer)? = dossier.found(.hostFullestMounts)?.result { mounts = answer }
    let labels = dossier.symptom?.labels ?? [:]
    return result.folders.compactMap { folder in
      if let name = labels["folder"], name != folder.path { return nil }
      if labels["folder"] != nil, let budget = folder.budgetBytes {
        return Place(folder: folder, usedBytes: folder.bytes, totalBytes: budget)
      }
      guard let mount = mounts.holding(folder.path) else {
        // Without the mounts the folder is only held against itself.
        return labels["mount"] == nil
          ? Place(folder: folder, usedBytes: folder.bytes, totalBytes: folder.budgetBytes ?? 0) : nil
      }
      if labels["folder"] != nil {
        return Place(folder: folder, usedBytes: folder.bytes, totalBytes: mount.totalBytes)
      }
      if let name = labels["mount"], name != mount.path { return nil }
      return Place(folder: folder, usedBytes: mount.usedBytes, totalBytes: mount.totalBytes)
    }
  }

  private func candidate(_ dossier: Dossier, _ place: Place) -> Candidate? {
    guard let found = dossier.found(.hostLargestFolders), place.usedBytes > 0 else { return nil }
    let folder = place.folder
    let name = Shown.name(folder.path)
    let glob = folder.globs.max { ($0.oldBytes, $1.pattern) < ($1.oldBytes, $0.pattern) }
    let freed = glob?.oldBytes ?? 0
    var evidence = [found.evidence]
    if let mounts = dossier.found(.hostFullestMounts) { evidence.append(mounts.evidence) }
    // The folder is the culprit as far as it fills the space; of that, what may go as far as it fills the folder.
    var confidence = Confidence(
      explaining: Double(min(folder.bytes, place.usedBytes)), of: Double(place.usedBytes),
      seenOn: Double(folder.files))
    let rest = place.totalBytes > 0 ? Double(place.usedBytes - freed) / Double(place.totalBytes) * 100 : 100
    let ends = dossier.symptom.map { $0.unit == "percent" && $0.rule.isRecovered(rest) } ?? false
    if let glob, glob.oldFiles > 0 {
      confidence.weigh(ends)
      evidence.append(
        found.evidence(
          "without what may be deleted \(Figure.decimal(rest)) % would be in use, "
            + (ends ? "which ends the symptom" : "which does not end the symptom")))
    }
    var cause =
      "\(name) holds \(Figure.bytes(folder.bytes)) in \(folder.files) files, "
      + "\(Figure.percent(Double(folder.bytes) / Double(place.usedBytes))) of what is in use"
    if let glob, glob.files > 0 {
      cause +=
        "; \(Figure.bytes(glob.bytes)) are \(glob.files) files \(Shown.name(glob.pattern)), up to "
        + "\(Figure.duration(glob.oldestSeconds)) old, of which \(glob.oldFiles) may be deleted"
    }
    let limit = RemedyBounds.limit(seen: glob?.oldFiles ?? 0, most: 100_000)
    return Candidate(
      cause: cause, family: .disk, confidence: confidence, evidence: evidence + dossier.symptomEvidence,
      proposal: ends ? glob.flatMap { cleaning(folder, $0, limit: limit) } : nil,
      advice: advice(folder, glob, ends: ends))
  }

  private func cleaning(_ folder: FolderUse, _ glob: FileGroup, limit: Double) -> Proposal? {
    guard glob.oldFiles > 0 else { return nil }
    return Proposal(
      runbook: "clean-folder",
      parameters: [
        "folder": .text(folder.path), "pattern": .text(glob.pattern),
        "older_than": .number(folder.keepSeconds),
      ], limit: limit)
  }

  private func advice(_ folder: FolderUse, _ glob: FileGroup?, ends: Bool) -> [String] {
    let name = Shown.name(folder.path)
    guard let glob else { return ["No runbook is proposed: the config lets nothing in \(name) be deleted"] }
    if glob.oldFiles == 0 {
      return [
        "No runbook is proposed: nothing in \(name) is older than the \(Figure.duration(folder.keepSeconds)) "
          + "that the config keeps"
      ]
    }
    return ends ? [] : ["No runbook is proposed: what may be deleted in \(name) is too little to help"]
  }

  /// Nothing declared lies there: only the file system can be named.
  private func mount(_ dossier: Dossier) -> Candidate? {
    guard let found = dossier.found(.hostFullestMounts), case .mounts(let result)? = found.result else {
      return nil
    }
    let wanted = dossier.symptom?.labels["mount"]
    guard let mount = result.mounts.first(where: { wanted == nil || $0.path == wanted }) else { return nil }
    let inodes = mount.inodeShare > mount.share || Self.isAboutInodes(dossier)
    return Candidate(
      cause: inodes
        ? "\(Shown.name(mount.path)) has \(Figure.percent(mount.inodeShare)) of its inodes in use: many small files"
        : "\(Shown.name(mount.path)) has \(Figure.bytes(mount.usedBytes)) of \(Figure.bytes(mount.totalBytes)) "
          + "in use (\(Figure.percent(mount.share))); what fills it lies in no declared folder",
      family: .disk,
      // That it is full is seen, but not by what: half of the question is open.
      confidence: Confidence(explaining: max(mount.share, mount.inodeShare), of: 2, seenOn: 10),
      evidence: [found.evidence] + dossier.symptomEvidence,
      advice: [
        inodes
          ? "Find where the files are: du --inodes -xd2 \(Shown.name(mount.path)) | sort -n | tail -20"
          : "Find what fills it: du -xhd2 \(Shown.name(mount.path)) | sort -h | tail -20"
      ])
  }
}
