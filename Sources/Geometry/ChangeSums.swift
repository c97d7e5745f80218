import LinearAlgebra

/// Sums over examples of what the change Δ = after − before of their features is like.
///
/// No shift is involved: rows are as they are. Their second moment is among ``ShiftedSums``.
struct ChangeSums: Equatable, Sendable {
  /// Σ Δ.
  var sum: [Double]

  /// Σ |Δ|².
  var squared = 0.0

  /// Σ |Δ|.
  var distance = 0.0

  /// Σ |before|² and Σ |after|².
  var squaredBefore = 0.0
  var squaredAfter = 0.0

  /// Σ |Δ| / |before| over the examples whose features before are not zero.
  var relativeDistance = 0.0

  /// Σ and Σ of squares of 1 − cos, over the examples with neither vector zero.
  var cosineDistance = 0.0
  var squaredCosineDistance = 0.0

  /// How many vectors are zero before, after, and in at least one of the two.
  var zeroBefore = 0
  var zeroAfter = 0
  var zeroEither = 0

  init(width: Int) {
    sum = [Double](repeating: 0, count: width)
  }

  /// Adds rows.
  ///
  /// - Returns: the change.
  @discardableResult
  mutating func add(_ x: Matrix, _ y: Matrix) -> Matrix {
    let change = y - x
    accumulate(&sum, change.transposedTimes([Double](repeating: 1, count: x.rows)))
    let (squaresX, squaresY) = (x.rowSquaredNorms, y.rowSquaredNorms)
    let squares = change.rowSquaredNorms
    for row in 0..<x.rows {
      add(change: squares[row], before: squaresX[row], after: squaresY[row])
    }
    return change
  }

  /// Adds one example's squared lengths.
  mutating func add(change squaredChange: Double, before squaredX: Double, after squaredY: Double) {
    let (before, after) = (squaredX.squareRoot(), squaredY.squareRoot())
    let length = squaredChange.squareRoot()
    squared += squaredChange
    distance += length
    squaredBefore += squaredX
    squaredAfter += squaredY
    if before == 0 { zeroBefore += 1 } else { relativeDistance += length / before }
    if after == 0 { zeroAfter += 1 }
    guard before > 0, after > 0 else {
      zeroEither += 1
      return
    }
    // 1 − cos = (|Δ|² − (|x| − |y|)²) / (2 |x| |y|): keeps its digits when the angle is small.
    let radial = after - before
    let angular = max(0, squaredChange - radial * radial)
    let cosine = min(2, angular / (2 * before * after))
    cosineDistance += cosine
    squaredCosineDistance += cosine * cosine
  }

  mutating func add(_ other: ChangeSums, sign: Int) {
    let scale = Double(sign)
    accumulate(&sum, other.sum, scale)
    squared += scale * other.squared
    distance += scale * other.distance
    squaredBefore += scale * other.squaredBefore
    squaredAfter += scale * other.squaredAfter
    relativeDistance += scale * other.relativeDistance
    cosineDistance += scale * other.cosineDistance
    squaredCosineDistance += scale * other.squaredCosineDistance
    zeroBefore += sign * other.zeroBefore
    zeroAfter += sign * other.zeroAfter
    zeroEither += sign * other.zeroEither
  }

  /// The numbers that are no vectors, in the order in which files keep them.
  var scalars: [Double] {
    get {
      [
        squared, distance, squaredBefore, squaredAfter, relativeDistance, cosineDistance,
        squaredCosineDistance, Double(zeroBefore), Double(zeroAfter), Double(zeroEither),
      ]
    }
    set {
      precondition(newValue.count == 10, "\(newValue.count) numbers")
      (squared, distance) = (newValue[0], newValue[1])
      (squaredBefore, squaredAfter) = (newValue[2], newValue[3])
      relativeDistance = newValue[4]
      (cosineDistance, squaredCosineDistance) = (newValue[5], newValue[6])
      let counts = newValue[7...].map { Int(exactly: $0) ?? 0 }
      (zeroBefore, zeroAfter, zeroEither) = (counts[0], counts[1], counts[2])
    }
  }
}
