public import LinearAlgebra

extension JointMoments {
  /// The mean of the features before; zeros when there are no examples.
  public var beforeMean: [Double] { mean(sums.x, beforeShift) }

  /// The mean of the features after; zeros when there are no examples.
  public var afterMean: [Double] { mean(sums.y, afterShift) }

  /// The covariance of the features before, divided by n (not n − 1); p×p.
  public var beforeCovariance: Matrix { normalised(centredBefore) }

  /// The covariance of the features after, divided by n; q×q.
  public var afterCovariance: Matrix { normalised(centredAfter) }

  /// The covariance between features before (rows) and after (columns), divided by n; p×q.
  public var crossCovariance: Matrix { normalised(centredCross) }

  /// The uncentred second moment of the features before, E[f₀ f₀ᵀ]; p×p.
  public var beforeSecondMoment: Matrix { uncentred(beforeCovariance, beforeMean) }

  /// The uncentred second moment of the features after, E[f₁ f₁ᵀ]; q×q.
  public var afterSecondMoment: Matrix { uncentred(afterCovariance, afterMean) }

  /// The uncentred second moment of the change, M = E[(f₁ − f₀)(f₁ − f₀)ᵀ]; d×d.
  ///
  /// `nil` when the widths before and after differ.
  public var changeSecondMoment: Matrix? {
    guard var second = change?.second else { return nil }
    second.mirrorUpperTriangle()
    return normalised(second)
  }

  /// The mean of the change, E[f₁ − f₀]; `nil` when the widths differ.
  public var meanChange: [Double]? {
    change.map { change in change.sum.map { $0 / Double(max(1, count)) } }
  }

  /// Xcᵀ Xc for the centred features before.
  var centredBefore: Matrix { centred(sums.xx, sums.x) }

  /// Ycᵀ Yc for the centred features after.
  var centredAfter: Matrix { centred(sums.yy, sums.y) }

  /// Xcᵀ Yc.
  var centredCross: Matrix {
    guard count > 0 else { return sums.xy }
    var result = sums.xy
    result.addProduct(
      transposed: Matrix(rows: 1, columns: beforeWidth, values: sums.x),
      Matrix(rows: 1, columns: afterWidth, values: sums.y), scale: -1 / Double(count))
    return result
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

  private static func centredSquaredNorm(_ upper: Matrix, _ sum: [Double], _ count: Int) -> Double {
    let (d, scale) = (sum.count, 1 / Double(max(1, count)))
    var total = 0.0
    upper.values.withUnsafeBufferPointer { entries in
      sum.withUnsafeBufferPointer { sum in
        for row in 0..<d {
          let mean = sum[row] * scale
          let first = entries[row * d + row] - mean * sum[row]
          var off = 0.0
          var column = row + 1
          while column < d {
            let value = entries[row * d + column] - mean * sum[column]
            off += value * value
            column += 1
          }
          total += first * first + 2 * off
        }
      }
    }
    return total
  }

  /// ‖Xcᵀ Yc‖², without a matrix of its own.
  var centredCrossSquaredNorm: Double {
    let (p, q, scale) = (beforeWidth, afterWidth, 1 / Double(max(1, count)))
    var total = 0.0
    sums.xy.values.withUnsafeBufferPointer { entries in
      sums.y.withUnsafeBufferPointer { y in
        for row in 0..<p {
          let mean = sums.x[row] * scale
          var part = 0.0
          var column = 0
          while column < q {
            let value = entries[row * q + column] - mean * y[column]
            part += value * value
            column += 1
          }
          total += part
        }
      }
    }
    return total
  }

  private func centred(_ upper: Matrix, _ sum: [Double]) -> Matrix {
    var result = upper
    if count > 0 {
      let row = Matrix(rows: 1, columns: sum.count, values: sum)
      result.addProduct(transposed: row, row, scale: -1 / Double(count))
    }
    result.mirrorUpperTriangle()
    return result
  }

  private func normalised(_ sum: Matrix) -> Matrix { (1 / Double(max(1, count))) * sum }

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
