import Detection
import IncidentModel
import Settings
import Testing

@Suite("Graph")
struct DetectionGraphTests {
  private typealias Node = DetectionGraph.Node
  private typealias Edge = DetectionGraph.Edge

  private func problems(_ names: [String], _ edges: [Edge]) -> [DetectionGraphError.Problem] {
    do throws(DetectionGraphError) {
      _ = try DetectionGraph(nodes: names.map { Node($0, "test") }, edges: edges)
      return []
    } catch {
      return error.problems
    }
  }

  @Test("a graph that could loop, get stuck or lose its way is refused, with all that is wrong")
  func validation() {
    #expect(problems(["a", "b"], [Edge("a", "b")]) == [])
    #expect(problems([], []) == [.noNodes])
    #expect(problems(["a", "a b"], [Edge("a", "a b")]) == [.badName("a b")])
    #expect(problems(["a", "b", "b"], [Edge("a", "b")]) == [.duplicateNode("b")])
    #expect(
      problems(["a", "b"], [Edge("a", "x")])
        == [.unknownNode("x", edge: "a → x"), .unreachable("b")])
    #expect(problems(["a"], [Edge("a", "a")]) == [.cycle(["a", "a"])])
    #expect(
      problems(["a", "b", "c"], [Edge("a", "b"), Edge("b", "c"), Edge("c", "b")])
        == [.cycle(["b", "c", "b"])])
    #expect(
      problems(["a", "b"], [Edge("a", "b", when: "always") { _ in true }]) == [.mayGetStuck("a")])
    #expect(
      problems(["a", "b", "c"], [Edge("a", "b"), Edge("a", "c")]) == [.deadEdge("a → c")])
    // A diamond is no cycle.
    #expect(
      problems(
        ["a", "b", "c", "d"],
        [Edge("a", "b", when: "so") { _ in true }, Edge("a", "c"), Edge("b", "d"), Edge("c", "d")])
        == [])
  }

  @Test("the error tells people what to do")
  func message() {
    let error = DetectionGraphError(problems: [.mayGetStuck("merge"), .unreachable("clear")])
    #expect(
      error.description == "the detection graph is wrong: node merge needs a last edge without a "
        + "condition; no way leads to node clear")
  }

  @Test("every sample travels through the nodes that its case needs")
  func routes() throws {
    var settings = threshold(80)
    settings.baseline = BaselineSettings()
    let rule = SeriesRule(settings, of: source())
    let graph = try DetectionGraph.standard()
    var state = SeriesState(for: rule)
    func path(_ value: Double, at seconds: Double, rule: SeriesRule) -> [String] {
      var context = DetectionContext(
        sample: sample(value, at: seconds), fingerprint: sample(value, at: 0).fingerprint, rule: rule,
        now: .at(seconds), detector: "d", state: state, ids: SignalIDs(instance: "i"))
      let path = graph.trace(&context)
      state = context.state
      return path
    }
    let begin = ["intake", "validate"]
    #expect(path(.nan, at: 0, rule: rule) == begin + ["refuse"])
    #expect(path(50, at: 0, rule: rule) == begin + ["threshold", "baseline", "merge", "quiet"])
    #expect(path(90, at: 30, rule: rule) == begin + ["threshold", "merge", "raise"])
    #expect(path(90, at: 60, rule: rule) == begin + ["threshold", "merge", "quiet"])
    #expect(path(90, at: 90, rule: rule) == begin + ["threshold", "merge", "refresh"])
    #expect(path(100, at: 95, rule: rule) == begin + ["threshold", "merge", "escalate"])
    #expect(path(78, at: 200, rule: rule) == begin + ["threshold", "merge", "quiet"])
    #expect(path(70, at: 230, rule: rule) == begin + ["threshold", "merge", "clear"])
    #expect(path(70, at: 230, rule: rule) == begin + ["refuse"])
    #expect(path(1, at: 260, rule: SeriesRule()) == ["intake", "quiet"])
    let onlyThreshold = SeriesRule(threshold(80), of: source())
    #expect(path(1, at: 290, rule: onlyThreshold) == begin + ["threshold", "merge", "quiet"])
    let onlyBaseline = SeriesRule(
      RuleSettings(metric: "usage", baseline: BaselineSettings()), of: source())
    #expect(path(1, at: 320, rule: onlyBaseline) == begin + ["baseline", "merge", "quiet"])
  }

  @Test(
    "the graph can be written down in every format, with all nodes and edges",
    arguments: DetectionGraph.Format.allCases)
  func printing(format: DetectionGraph.Format) throws {
    let graph = try DetectionGraph.standard()
    let text = graph.rendered(format)
    for node in graph.nodes {
      #expect(text.contains(node.name))
    }
    let arrows = ["→", "-->", "->"]
    let count = text.split(separator: "\n").count { line in arrows.contains { line.contains($0) } }
    #expect(count == graph.edges.count)
    #expect(text.hasSuffix("\n"))
    switch format {
    case .text: #expect(text.hasPrefix("intake"))
    case .mermaid: #expect(text.hasPrefix("flowchart TD\n"))
    case .dot: #expect(text.hasPrefix("digraph detection {\n") && text.hasSuffix("}\n"))
    }
  }
}
