public import LinearAlgebra

extension JointMoments {
  /// The mean of the features before; zeros when there are no examples.
  public var beforeMean: [Double] { mean(sums.x, beforeShift) }

  /// The mean of the features after; zeros when there are no examples.
  public var afterMean: [Double] { mean(sums.y, afterShift) }

  /// The covariance of the features before, divided by n (not n − 1); p×p.
  public var beforeCovariance: Matrix { centred(sums.xx, sums.x, scale: 1 / Double(max(1, count))) }

  /// The covariance of the features after, divided by n; q×q.
  public var afterCovariance: Matrix { centred(sums.yy, sums.y, scale: 1 / Double(max(1, count))) }

  /// The covariance between features before (rows) and after (columns), divided by n; p×q.
  public var crossCovariance: Matrix {
    var result = centredCross
    result.scale(by: 1 / Double(max(1, count)))
    return result
  }

  /// The uncentred second moment of the features before, E[f₀ f₀ᵀ]; p×p.
  public var beforeSecondMoment: Matrix { uncentred(beforeCovariance, beforeMean) }

  /// The uncentred second moment of the features after, E[f₁ f₁ᵀ]; q×q.
  public var afterSecondMoment: Matrix { uncentred(afterCovariance, afterMean) }

  /// The uncentred second moment of the change, M = E[(f₁ − f₀)(f₁ − f₀)ᵀ]; d×d.
  ///
  /// `nil` when the widths before and after differ.
  public var changeSecondMoment: Matrix? { changeMoment?.matrix }

  /// Σ Δ Δᵀ of the change as it is; `nil` when the widths differ.
  var changeMoment: ChangeMoment? {
    guard let change else { return nil }
    var second = sums.change
    if let p = beforeShift, let q = afterShift {
      let shift = difference(q, p)
      var sum = change.sum
      accumulate(&sum, shift, -Double(count))
      second.shift(by: shift, sum: sum, count: Double(count))
    }
    return ChangeMoment(sums: second, count: count)
  }

  /// The mean of the change, E[f₁ − f₀]; `nil` when the widths differ.
  public var meanChange: [Double]? {
    change.map { change in change.sum.map { $0 / Double(max(1, count)) } }
  }

  /// Xcᵀ Xc for the centred features before.
  var centredBefore: Matrix { centred(sums.xx, sums.x, scale: 1) }

  /// Ycᵀ Yc for the centred features after.
  var centredAfter: Matrix { centred(sums.yy, sums.y, scale: 1) }

  /// Xcᵀ Yc.
  var centredCross: Matrix {
    sums.crossMatrix(lessProductOfSums: count > 0 ? 1 / Double(count) : 0)
  }

  /// tr Xcᵀ Xc and tr Ycᵀ Yc.
  var centredTraces: (before: Double, after: Double) {
    let n = Double(max(1, count))
    return (
      sums.xx.trace - dot(sums.x, sums.x) / n, sums.yy.trace - dot(sums.y, sums.y) / n
    )
  }

  /// ‖Xcᵀ Xc‖² and ‖Ycᵀ Yc‖², without a matrix of their own.
  var centredSquaredNorms: (before: Double, after: Double) {
    (
      Self.centredSquaredNorm(sums.xx, sums.x, count),
      Self.centredSquaredNorm(sums.yy, sums.y, count)
    )
  }

  private static func centredSquaredNorm(
    _ upper: UpperTriangle, _ sum: [Double], _ count: Int
  ) -> Double {
    let scale = 1 / Double(max(1, count))
    var total = 0.0
    sum.withUnsafeBufferPointer { sum in
      upper.forEachSegment { row, columns, parts in
        let mean = sum[row] * scale
        var (place, off) = (0, 0.0)
        if columns.lowerBound == row {
          let first = parts[0][0] - mean * sum[row]
          total += first * first
          place = 1
        }
        while place < parts[0].count {
          let value = parts[0][place] - mean * sum[columns.lowerBound + place]
          off += value * value
          place += 1
        }
        total += 2 * off
      }
    }
    return total
  }

  /// ‖Xcᵀ Yc‖², without a matrix of its own.
  var centredCrossSquaredNorm: Double { sums.centredCrossSquaredNorm(count: count) }

  /// Σ (x − m)(x − m)ᵀ times `scale`. The rows and columns of features that do not vary, but for what
  /// rounding leaves, are exactly zero.
  private func centred(_ upper: UpperTriangle, _ sum: [Double], scale: Double) -> Matrix {
    var result = upper.symmetricMatrix(scale: scale)
    guard count > 0 else { return result }
    let means = sum.map { $0 / Double(count) }
    let raw = result.diagonal
    let (d, n) = (sum.count, Double(count) * scale)
    result.values.withUnsafeMutableBufferPointer { values in
      means.withUnsafeBufferPointer { means in
        for row in 0..<d {
          // Products in this order are the same on both sides of the diagonal.
          let mean = means[row]
          for column in 0..<d { values[row * d + column] -= n * (mean * means[column]) }
        }
      }
    }
    let floor = Double.ulpOfOne * (64 + Double(count).squareRoot())
    for index in raw.indices where result[index, index] <= floor * raw[index] {
      for other in raw.indices {
        result[index, other] = 0
        result[other, index] = 0
      }
    }
    return result
  }

  private func mean(_ sum: [Double], _ shift: [Double]?) -> [Double] {
    guard count > 0, let shift else { return sum }
    return zip(sum, shift).map { $0 / Double(count) + $1 }
  }

  private func uncentred(_ covariance: Matrix, _ mean: [Double]) -> Matrix {
    var result = covariance
    let row = Matrix(rows: 1, columns: mean.count, values: mean)
    result.addProduct(transposed: row, row)
    return result
  }
}

/// The sums behind a second moment of changes.
struct ChangeMoment: Sendable {
  let sums: UpperTriangle
  let count: Int

  /// E[Δ Δᵀ].
  var matrix: Matrix { sums.symmetricMatrix(scale: 1 / Double(max(1, count))) }
}
