import LinearAlgebra

/// First-order influences of examples on measures: θ̂ − θ ≈ the mean of ψ(example).
///
/// The variance of θ̂ is then the variance of ψ over n, estimated from a sample of the examples: the
/// infinitesimal jackknife. It replaces leaving out blocks where that would take d×d matrices for
/// every block. Exact to first order in 1/n; it says nothing of bias.
struct Influence {
  /// Rows of the sample.
  let before, after: Matrix

  /// The moments of all examples.
  let total: JointMoments

  /// Rows of the sample, centred by the means of all examples.
  private var x: Matrix { before.subtractingFromRows(total.beforeMean) }
  private var y: Matrix { after.subtractingFromRows(total.afterMean) }

  /// Covariances of all examples, divided by n; made when asked for, to be gone soon.
  private var covarianceBefore: Matrix { total.beforeCovariance }
  private var covarianceAfter: Matrix { total.afterCovariance }
  private var cross: Matrix { total.crossCovariance }

  /// The influence of each row of the sample on biased linear CKA, which is that on the debiased one.
  func linearCKA() -> [Double]? {
    let n = Double(max(1, total.count))
    let norms = total.centredSquaredNorms
    let a = total.centredCrossSquaredNorm / (n * n)
    let (b, c) = (norms.before / (n * n), norms.after / (n * n))
    guard a > 0, b > 0, c > 0 else { return nil }
    let value = a / (b * c).squareRoot()
    let (meanX, meanY) = (total.beforeMean, total.afterMean)
    let xy = forms(before, meanX, cross, after, meanY)
    let xx = forms(before, meanX, covarianceBefore, before, meanX)
    let yy = forms(after, meanY, covarianceAfter, after, meanY)
    return xy.indices.map { row in
      value * (2 * (xy[row] - a) / a - (xx[row] - b) / b - (yy[row] - c) / c)
    }
  }

  /// (x − m)ᵀ M (y − m) for every row, some rows at a time, for wide ones are large.
  private func forms(
    _ x: Matrix, _ meanX: [Double], _ matrix: Matrix, _ y: Matrix, _ meanY: [Double]
  ) -> [Double] {
    stride(from: 0, to: x.rows, by: 128).flatMap { start in
      let rows = start..<min(start + 128, x.rows)
      return (x[rows: rows].subtractingFromRows(meanX) * matrix)
        .rowInnerProducts(y[rows: rows].subtractingFromRows(meanY))
    }
  }

  /// The influences on the cosine N/√(tx ty) of the angular shape distance and on the relative
  /// distance 1 + ty/tx − 2N/tx after rotation, N = ‖C_xy‖∗.
  func shape() throws(GeometryError) -> (cosine: [Double], relative: [Double], value: Double)? {
    let n = Double(max(1, total.count))
    let traces = total.centredTraces
    let (tx, ty) = (traces.before / n, traces.after / n)
    guard tx > 0, ty > 0 else { return nil }
    let cross = cross
    let (x, y) = (x, y)
    let svd = try convertingErrors { () throws(LinearAlgebraError) in try cross.svd() }
    let nuclear = svd.values.reduce(0, +)
    let aligned = (x * svd.u).rowInnerProducts(y.timesTransposed(svd.vt))
    let (sx, sy) = (x.rowSquaredNorms, y.rowSquaredNorms)
    let value = nuclear / (tx * ty).squareRoot()
    let cosine = aligned.indices.map { row in
      value
        * ((aligned[row] - nuclear) / nuclear - (sx[row] - tx) / (2 * tx) - (sy[row] - ty)
          / (2 * ty))
    }
    let relative = aligned.indices.map { row in
      (sy[row] - ty) / tx - 2 * (aligned[row] - nuclear) / tx
        - (ty - 2 * nuclear) * (sx[row] - tx) / (tx * tx)
    }
    return nuclear > 0 ? (cosine, relative, value) : nil
  }

  /// The influences on the canonical correlations' mean and mean square, on both explained shares, and
  /// on the means weighted by projections, the weights held.
  ///
  /// The last say too little where weights matter: see ``Estimate/lessHalfOfExcess(over:)``.
  ///
  /// - Parameter axes: the axes in feature space of the coordinates that rows are in.
  func correlations(
    _ pair: WhitenedPair, axes: (before: Matrix?, after: Matrix?)
  ) throws(GeometryError) -> [SimilarityMeasure: [Double]]? {
    guard pair.reasonAgainst == nil else { return nil }
    let n = Double(pair.count)
    let (x, y) = (x, y)
    func whitened(_ rows: Matrix, _ side: WhitenedSide) -> Matrix {
      (rows * side.directions).scalingColumns(
        by: side.singularValues.map { n.squareRoot() / $0 })
    }
    // Whitened scores have the identity as covariance, and `cross` as cross-covariance.
    let (a, b) = (whitened(x, pair.before), whitened(y, pair.after))
    let svd = try pair.decomposedCross()
    let (u, v) = (a * svd.u, b.timesTransposed(svd.vt))
    var parts = Matrix(rows: x.rows, columns: svd.values.count)
    for row in 0..<x.rows {
      for (index, rho) in svd.values.enumerated() {
        let (s, t) = (u[row, index], v[row, index])
        parts[row, index] = s * t - rho / 2 * (s * s + t * t)
      }
    }
    func mean(_ weights: [Double]) -> [Double] {
      let total = weights.reduce(0, +)
      return parts.times(weights.map { $0 / total })
    }
    let ones = [Double](repeating: 1, count: svd.values.count)
    // tr(S_yx S_xx⁻¹ S_xy) by the scores: predictions T scaled by the predicted side's deviations.
    func explained(
      _ predictors: Matrix, _ cross: Matrix, _ rows: Matrix, _ side: WhitenedSide
    ) -> [Double] {
      let deviations = side.singularValues.map { $0 / n.squareRoot() }
      let total = dot(deviations, deviations)
      let predicted = predictors * cross.scalingColumns(by: deviations)
      let actual = rows * side.directions
      let share = cross.scalingColumns(by: deviations).squaredNorm / total
      let (products, squares) = (predicted.rowInnerProducts(actual), predicted.rowSquaredNorms)
      let sizes = rows.rowSquaredNorms
      return sizes.indices.map { row in
        (2 * products[row] - squares[row] - share * sizes[row]) / total
      }
    }
    return [
      .ccaMean: mean(ones),
      .ccaSquared: parts.times(svd.values.map { 2 * $0 / Double(svd.values.count) }),
      .pwccaBefore: mean(pair.projectionWeights(svd, weightsAfter: false, axes: axes.before)),
      .pwccaAfter: mean(pair.projectionWeights(svd, weightsAfter: true, axes: axes.after)),
      .explainedBefore: explained(b, pair.cross.transposed, x, pair.before),
      .explainedAfter: explained(a, pair.cross, y, pair.after),
    ]
  }

  /// The estimate for a value whose influences were found on a sample of groups of examples.
  ///
  /// - Parameters:
  ///   - total: the number n of all examples.
  static func estimate(
    _ value: Measured, influences: [Double], keys: [ExampleKey], total: Int, scale: EstimateScale,
    level: Double
  ) -> Estimate {
    estimate(
      value, influences: influences, groups: SampledGroups(keys, level: level), total: total,
      scale: scale)
  }

  /// The estimate for a value whose influences were found on the examples of `groups`.
  static func estimate(
    _ value: Measured, influences: [Double], groups: SampledGroups, total: Int,
    scale: EstimateScale
  ) -> Estimate {
    guard let number = value.number else {
      return Estimate(value: value, note: "the value is undefined")
    }
    let count = groups.sizes.count
    guard count > 1, !influences.isEmpty else {
      return Estimate(value: value, note: "an interval needs at least two groups of examples")
    }
    // The slope of the scale at the value.
    let slope: Double =
      switch scale {
      case .identity: 1
      case .logarithm: number > 0 ? 1 / number : .nan
      case .fisherZ: abs(number) < 1 ? 1 / ((1 - number) * (1 + number)) : .nan
      }
    let used = slope.isFinite ? scale : .identity
    let mean = influences.reduce(0, +) / Double(influences.count)
    var sums = [Double](repeating: 0, count: count)
    for (place, influence) in zip(groups.places, influences) { sums[place] += influence }
    var squares = 0.0
    for (sum, size) in zip(sums, groups.sizes) {
      let deviation = sum - Double(size) * mean
      squares += deviation * deviation
    }
    let correction = Double(count) / Double(count - 1)
    let variance = correction * squares / (Double(influences.count) * Double(max(1, total)))
    let error = variance.squareRoot() * (slope.isFinite ? slope : 1)
    return Estimate(
      value: number, standardError: error, degreesOfFreedom: Double(count - 1), scale: used,
      level: groups.level, quantile: groups.quantile)
  }
}

/// The groups that a sample of examples is of, with what all intervals over them share.
struct SampledGroups {
  /// The place of each example's group, in the order of the groups' numbers.
  let places: [Int]

  /// How many examples each group has.
  let sizes: [Int]

  /// The level of intervals.
  let level: Double

  /// The quantile of Student's t for them; NaN where there are no two groups.
  let quantile: Double

  init(_ keys: [ExampleKey], level: Double) {
    var order: [UInt64: Int] = [:]
    for (place, group) in Set(keys.map(\.group)).sorted().enumerated() { order[group] = place }
    places = keys.map { order[$0.group] ?? 0 }
    var sizes = [Int](repeating: 0, count: order.count)
    for place in places { sizes[place] += 1 }
    self.sizes = sizes
    self.level = level
    quantile =
      sizes.count > 1
      ? Distribution.studentQuantile((1 + level) / 2, degreesOfFreedom: Double(sizes.count - 1))
      : .nan
  }
}
