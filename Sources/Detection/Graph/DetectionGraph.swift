/// The detector's router: named nodes, joined by edges with conditions, through which every sample travels.
///
/// A node works on the ``DetectionContext`` of one sample; then the first of its edges whose condition holds
/// leads on, until a node without edges ends the journey. The graph is checked when it is made: what
/// was built can neither loop nor get stuck.
package struct DetectionGraph: Sendable {
  /// A place where something is done with a sample.
  package struct Node: Sendable {
    /// Unique: letters, digits and `_`.
    package let name: String
    /// For people: what happens here.
    package let purpose: String
    let work: @Sendable (inout DetectionContext) -> Void

    /// A node; see the fields.
    package init(
      _ name: String, _ purpose: String,
      work: @escaping @Sendable (inout DetectionContext) -> Void = { _ in }
    ) {
      self.name = name
      self.purpose = purpose
      self.work = work
    }
  }

  /// A way from one node to another.
  package struct Edge: Sendable {
    package let from: String
    package let to: String
    /// For people: when it is taken; `nil` means otherwise.
    package let label: String?
    let holds: @Sendable (DetectionContext) -> Bool

    /// The way that is taken when no earlier one was.
    package init(_ from: String, _ to: String) {
      self.from = from
      self.to = to
      self.label = nil
      self.holds = { _ in true }
    }

    /// A way that is taken when `holds` says so.
    package init(
      _ from: String, _ to: String, when label: String,
      _ holds: @escaping @Sendable (DetectionContext) -> Bool
    ) {
      self.from = from
      self.to = to
      self.label = label
      self.holds = holds
    }
  }

  /// The nodes; the first is where every sample enters.
  package let nodes: [Node]
  /// The edges; those of one node in the order in which they are tried.
  package let edges: [Edge]
  private let routes: [[(target: Int, holds: @Sendable (DetectionContext) -> Bool)]]

  /// A checked graph.
  /// - Parameters:
  ///   - nodes: the first is the entry.
  ///   - edges: the last one of every node that has any must be without a condition.
  /// - Throws: ``DetectionGraphError`` with everything that is wrong.
  package init(nodes: [Node], edges: [Edge]) throws(DetectionGraphError) {
    let problems = Self.problems(nodes: nodes, edges: edges)
    guard problems.isEmpty else { throw DetectionGraphError(problems: problems) }
    self.nodes = nodes
    self.edges = edges
    var places: [String: Int] = [:]
    for (place, node) in nodes.enumerated() { places[node.name] = place }
    var routes: [[(target: Int, holds: @Sendable (DetectionContext) -> Bool)]] = nodes.map { _ in [] }
    for edge in edges {
      guard let from = places[edge.from], let to = places[edge.to] else { continue }
      routes[from].append((to, edge.holds))
    }
    self.routes = routes
  }

  /// Leads a sample through the graph.
  package func route(_ context: inout DetectionContext) {
    route(&context) { _ in }
  }

  /// Leads a sample through the graph, and tells the names of the nodes it came through.
  package func trace(_ context: inout DetectionContext) -> [String] {
    var path: [String] = []
    route(&context) { path.append(nodes[$0].name) }
    return path
  }

  @inline(__always)
  private func route(_ context: inout DetectionContext, visit: (Int) -> Void) {
    var place: Int? = 0
    // No cycles (checked above), so this ends after at most as many turns as there are nodes.
    while let current = place {
      visit(current)
      nodes[current].work(&context)
      place = nil
      for way in routes[current] where way.holds(context) {
        place = way.target
        break
      }
    }
  }
}

/// Why a graph can't be used, with all that is wrong.
package struct DetectionGraphError: Error, Hashable, Sendable, CustomStringConvertible {
  /// One thing that is wrong with a graph.
  package enum Problem: Hashable, Sendable {
    case noNodes
    case badName(String)
    case duplicateNode(String)
    case unknownNode(String, edge: String)
    case unreachable(String)
    case cycle([String])
    /// The last edge has a condition: a sample might find no way on.
    case mayGetStuck(String)
    /// An edge after the one without a condition is never taken.
    case deadEdge(String)
  }

  /// What is wrong.
  package let problems: [Problem]

  /// An error with all that is wrong.
  package init(problems: [Problem]) { self.problems = problems }

  package var description: String {
    "the detection graph is wrong: " + problems.map(\.description).joined(separator: "; ")
  }
}

extension DetectionGraphError.Problem: CustomStringConvertible {
  package var description: String {
    switch self {
    case .noNodes: "it has no nodes; name at least an entry"
    case .badName(let name): "node name '\(name)' must be letters, digits and '_'"
    case .duplicateNode(let name): "node \(name) is there twice; rename one"
    case .unknownNode(let name, let edge): "edge \(edge) names the unknown node \(name)"
    case .unreachable(let name): "no way leads to node \(name)"
    case .cycle(let names): "cycle \(names.joined(separator: " → "))"
    case .mayGetStuck(let name): "node \(name) needs a last edge without a condition"
    case .deadEdge(let edge): "edge \(edge) comes after one without a condition and is never taken"
    }
  }
}
