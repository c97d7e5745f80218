#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

extension SeededGenerator {
  /// A draw from the standard normal distribution.
  ///
  /// Marsaglia's polar method, first value of each accepted pair; the second is thrown away so that
  /// the generator has no state besides its bits.
  public mutating func normal() -> Double {
    while true {
      let (x, y) = (uniform(-1, 1), uniform(-1, 1))
      let square = x * x + y * y
      if square > 0, square < 1 { return x * (-2 * log(square) / square).squareRoot() }
    }
  }

  /// `count` draws from the standard normal distribution.
  public mutating func normals(_ count: Int) -> [Double] {
    (0..<count).map { _ in normal() }
  }

  /// The numbers 0..<count in random order (Fisher and Yates).
  public mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    guard count > 1 else { return order }
    for last in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(last, index(below: last + 1))
    }
    return order
  }
}
