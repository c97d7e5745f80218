import Randomness

/// A random choice of some positions of each example, and what it does to means.
///
/// Every example has as many positions chosen, without repetition, so that means over the chosen are
/// unbiased. The error of the mean of |a|² is estimated from the spread within examples:
/// SE² = Σ (1 − N/P) s² / N over the examples, divided by their number squared.
package struct PositionSample {
  /// How many positions of an example are chosen.
  package let count: Int

  private let positions: Int
  private var generator: SeededGenerator
  private var order: [Int]
  private var examples = 0
  private var sum = 0.0
  private var variance = 0.0

  package init(_ count: Int, of positions: Int, seed: UInt64, name: String) {
    precondition(0 < count && count <= positions, "\(count) of \(positions) positions")
    self.count = count
    self.positions = positions
    generator = SeededGenerator(seed: seed, "positions of \(name)")
    order = Array(0..<positions)
  }

  /// The positions of the next example, in rising order.
  package mutating func next() -> [Int] {
    for place in 0..<count {
      order.swapAt(place, Int.random(in: place..<positions, using: &generator))
    }
    return order[..<count].sorted()
  }

  /// Takes in the inputs at the positions chosen of an example.
  package mutating func add(_ rows: UnsafeBufferPointer<Float>, fanIn: Int) {
    var (total, squares) = (0.0, 0.0)
    for row in 0..<count {
      var energy = 0.0
      for value in rows[row * fanIn..<(row + 1) * fanIn] { energy += Double(value) * Double(value) }
      total += energy
      squares += energy * energy
    }
    let n = Double(count)
    examples += 1
    sum += total / n
    guard count > 1 else { return }
    let spread = max(0, squares - total * total / n) / (n - 1)
    variance += (1 - n / Double(positions)) * spread / n
  }

  /// The standard error of the mean of |a|² over its value; `nil` with fewer than two positions of an
  /// example, or without energy.
  package var relativeError: Double? {
    guard count > 1, sum > 0 else { return nil }
    return variance.squareRoot() / sum
  }
}
