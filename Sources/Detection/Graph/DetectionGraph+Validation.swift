extension DetectionGraph {
  /// Everything that is wrong with such a graph, in a stable order.
  static func problems(nodes: [Node], edges: [Edge]) -> [DetectionGraphError.Problem] {
    guard let entry = nodes.first else { return [.noNodes] }
    var problems: [DetectionGraphError.Problem] = []
    var known: Set<String> = []
    for node in nodes {
      if !isName(node.name) { problems.append(.badName(node.name)) }
      if !known.insert(node.name).inserted { problems.append(.duplicateNode(node.name)) }
    }
    var targets: [String: [String]] = [:]
    var closed: Set<String> = []
    for edge in edges {
      let text = "\(edge.from) → \(edge.to)"
      for name in [edge.from, edge.to] where !known.contains(name) {
        problems.append(.unknownNode(name, edge: text))
      }
      if closed.contains(edge.from) { problems.append(.deadEdge(text)) }
      if edge.label == nil { closed.insert(edge.from) }
      targets[edge.from, default: []].append(edge.to)
    }
    for node in nodes where targets[node.name] != nil && !closed.contains(node.name) {
      problems.append(.mayGetStuck(node.name))
    }
    let (reached, cycles) = explore(from: entry.name, targets)
    problems += cycles.map { .cycle($0) }
    for node in nodes where !reached.contains(node.name) {
      problems.append(.unreachable(node.name))
    }
    return problems
  }

  private static func isName(_ name: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
          || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0)
          || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "_")
      }
  }

  /// Depth first from `entry`: what is reached, and one cycle for each edge that leads back.
  ///
  /// With a stack of its own, because a graph from elsewhere may be deeper than the thread's.
  private static func explore(
    from entry: String, _ targets: [String: [String]]
  ) -> (reached: Set<String>, cycles: [[String]]) {
    var reached: Set<String> = [entry]
    var cycles: [[String]] = []
    var path = [(name: entry, next: 0)]
    while let (name, next) = path.last {
      let ways = targets[name] ?? []
      guard next < ways.count else {
        path.removeLast()
        continue
      }
      path[path.count - 1].next += 1
      let target = ways[next]
      if let start = path.firstIndex(where: { $0.name == target }) {
        cycles.append(path[start...].map(\.name) + [target])
      } else if reached.insert(target).inserted {
        path.append((target, 0))
      }
    }
    return (reached, cycles)
  }
}
