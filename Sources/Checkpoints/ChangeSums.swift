/// The sums from which a ``ParameterChange`` follows, over part of the values.
///
/// Sums of consecutive parts add up with ``add(_:)``; every sum is in Float64. A product of two
/// Float32 values is exact in Float64, so sums over them round only as they are added.
struct ChangeSums {
  var count = 0
  var changedCount = 0
  var nonFiniteBefore = 0
  var nonFiniteAfter = 0
  var squaresBefore = 0.0
  var squaresAfter = 0.0
  var squaresOfChange = 0.0
  var product = 0.0
  /// The change of greatest magnitude, the first of equals; 0 when nothing changed.
  var largest = 0.0
  /// Where it is, from the first value of this part.
  var largestAt: Int?
  /// The largest change in units in the last place; `nil` when nothing finite was counted in them.
  var largestUlps: UInt64?

  init() {}

  /// Adds the sums of the values that follow.
  mutating func add(_ next: ChangeSums) {
    if let place = next.largestAt, abs(next.largest) > abs(largest) {
      (largest, largestAt) = (next.largest, count + place)
    }
    count += next.count
    changedCount += next.changedCount
    nonFiniteBefore += next.nonFiniteBefore
    nonFiniteAfter += next.nonFiniteAfter
    squaresBefore += next.squaresBefore
    squaresAfter += next.squaresAfter
    squaresOfChange += next.squaresOfChange
    product += next.product
    if let ulps = next.largestUlps { largestUlps = max(largestUlps ?? 0, ulps) }
  }

  /// Adds one value and what became of it.
  @inline(__always)
  mutating func add(_ a: Double, _ b: Double, tolerance: Double, ordinals: Ordinals?) {
    defer { count += 1 }
    guard a.isFinite, b.isFinite else {
      if !a.isFinite { nonFiniteBefore += 1 }
      if !b.isFinite { nonFiniteAfter += 1 }
      if a != b, !(a.isNaN && b.isNaN) { changedCount += 1 }
      return
    }
    let change = b - a
    if abs(change) > tolerance { changedCount += 1 }
    if let ordinals {
      largestUlps = max(largestUlps ?? 0, change == 0 ? 0 : ordinals.distance(a, b))
    }
    if abs(change) > abs(largest) { (largest, largestAt) = (change, count) }
    squaresBefore += a * a
    squaresAfter += b * b
    squaresOfChange += change * change
    product += a * b
  }

  /// The sums over `before` and `after`, which are as many.
  init(_ before: [Double], _ after: [Double], tolerance: Double, ordinals: Ordinals?) {
    for (a, b) in zip(before, after) { add(a, b, tolerance: tolerance, ordinals: ordinals) }
  }
}
