/// How sure an assistant may be, computed from what was seen.
///
/// It starts from the share of the trouble that the culprit explains, by Laplace's rule of succession
/// (Théorie analytique des probabilités, 1812): k of n seen gives (k+1)/(n+2), so that few
/// observations say less than many (1 of 1 is 0.67, 37 of 40 is 0.90). Every finding of another
/// tool that agrees then closes a quarter of what is missing to certainty, one that disagrees takes
/// a quarter away: noisy-or with equal causes (Pearl, 1988), 1/4 being a choice. A tool that failed
/// changes nothing. Earlier incidents count less than anything seen now: a tenth.
package struct Confidence: Hashable, Sendable, Comparable {
  /// A single finding closes or takes away so much.
  static let findingWeight = 0.25
  /// So much do earlier incidents move it.
  static let historyWeight = 0.1
  /// Nobody is ever surer.
  static let most = 0.99

  /// 0…``most``.
  package private(set) var value: Double

  /// The confidence in a culprit that explains `part` of `whole`, seen on `count` things.
  ///
  /// - Parameter count: how many things were looked at; `nil` when `whole` is that count.
  package init(explaining part: Double, of whole: Double, seenOn count: Double? = nil) {
    guard whole > 0, part.isFinite, whole.isFinite else {
      value = 0
      return
    }
    let share = min(max(part / whole, 0), 1)
    let seen = max(0, count ?? whole)
    value = min((share * seen + 1) / (seen + 2), Self.most)
  }

  /// Nothing speaks for it.
  package static let none = Confidence(explaining: 0, of: 0)

  /// Something else agrees (`true`), disagrees (`false`), or says nothing (`nil`).
  package mutating func weigh(_ agreement: Bool?) {
    guard let agreement else { return }
    move(agreement, by: Self.findingWeight)
  }

  /// An earlier incident agrees or disagrees.
  package mutating func weighHistory(_ agreement: Bool) { move(agreement, by: Self.historyWeight) }

  private mutating func move(_ agreement: Bool, by weight: Double) {
    value = agreement ? min(value + (1 - value) * weight, Self.most) : value * (1 - weight)
  }

  /// To two digits, as it is written down.
  package var rounded: Double { (value * 100).rounded() / 100 }

  package static func < (a: Confidence, b: Confidence) -> Bool { a.value < b.value }
}
