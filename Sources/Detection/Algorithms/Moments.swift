/// Count, mean and spread of numbers, without keeping them.
///
/// One value at a time by B. P. Welford, "Note on a Method for Calculating Corrected Sums of
/// Squares and Products" (1962); merged by T. F. Chan, G. H. Golub, R. J. LeVeque, "Updating
/// Formulae and a Pairwise Algorithm for Computing Sample Variances" (1979). Nothing is ever
/// subtracted from a sum, so a large mean does not swallow a small spread.
package struct Moments: Hashable, Sendable {
  /// How many values.
  package private(set) var count = 0
  /// Their mean; 0 without values.
  package private(set) var mean = 0.0
  /// The sum of the squared distances from the mean.
  package private(set) var squares = 0.0

  /// No values.
  package init() {}

  /// The moments of `count` values that were summed before.
  package init(count: Int, mean: Double, squares: Double) {
    self.count = count
    self.mean = mean
    self.squares = squares
  }

  /// One value more.
  package mutating func add(_ value: Double) {
    count += 1
    let distance = value - mean
    mean += distance / Double(count)
    squares += distance * (value - mean)
  }

  /// The moments of both sets of values.
  package func merged(with other: Moments) -> Moments {
    guard count > 0 else { return other }
    guard other.count > 0 else { return self }
    let total = Double(count + other.count)
    let distance = other.mean - mean
    return Moments(
      count: count + other.count,
      mean: mean + distance * (Double(other.count) / total),
      squares: squares + other.squares
        + distance * distance * (Double(count) * Double(other.count) / total))
  }

  /// The standard deviation of a sample (divided by count − 1); 0 for fewer than two values.
  package var deviation: Double {
    count > 1 ? (squares / Double(count - 1)).squareRoot() : 0
  }
}
