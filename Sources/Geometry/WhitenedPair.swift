public import LinearAlgebra

/// One side of a pair of feature sets, as the singular value decomposition of its centred rows.
public struct WhitenedSide: Equatable, Sendable {
  /// The number of features.
  public let width: Int

  /// The singular values σ of the centred rows that count by the rank rule, largest first.
  public let singularValues: [Double]

  /// The right singular vectors, width×rank: the principal directions in feature space, or in the
  /// coordinates that rows were given in.
  public let directions: Matrix

  /// The numerical rank of the centred rows.
  public var rank: Int { singularValues.count }

  /// Σσ²: the squared Frobenius norm of the centred rows.
  public var squaredNorm: Double { dot(singularValues, singularValues) }

  /// The fewest leading directions that hold at least this share of Σσ².
  public func dimension(holding share: Double) -> Int {
    let wanted = share * squaredNorm * (1 - 1e-13)
    var (sum, count) = (0.0, 0)
    while count < rank, sum < wanted {
      sum += singularValues[count] * singularValues[count]
      count += 1
    }
    return count
  }
}

/// Two feature sets of the same examples in their own principal coordinates: all that canonical
/// correlation, its relatives, Procrustes and linear regression need.
///
/// With Xc = Uₓ Σₓ Vₓᵀ and Yc = U_y Σ_y V_yᵀ (thin, centred, rank by a stated rule), the cross matrix
/// is T = UₓᵀU_y, whose singular values are the canonical correlations. Found from rows, everything
/// keeps full precision; found from moments, directions below about 1e-8 √d of the strongest cannot
/// be told from rounding and count as rank zero.
public struct WhitenedPair: Equatable, Sendable {
  /// The number of examples.
  public let count: Int

  /// The features before.
  public let before: WhitenedSide

  /// The features after.
  public let after: WhitenedSide

  /// T = UₓᵀU_y, rank before × rank after.
  public let cross: Matrix

  /// Puts parts together that were found elsewhere.
  init(count: Int, before: WhitenedSide, after: WhitenedSide, cross: Matrix) {
    self.count = count
    self.before = before
    self.after = after
    self.cross = cross
  }

  /// Decomposes rows that need not be centred.
  ///
  /// - Precondition: as many rows in `x` as in `y`.
  /// - Complexity: O(n p min(n, p) + n q min(n, q)).
  public init(
    rows x: Matrix, _ y: Matrix, rule: RankRule = .doublePrecision
  ) throws(GeometryError) {
    try self.init(rows: x, y, widths: (x.columns, y.columns), rule: rule)
  }

  /// Decomposes rows that are coordinates of features as many as `widths` say.
  init(
    rows x: Matrix, _ y: Matrix, widths: (before: Int, after: Int),
    rule: RankRule = .doublePrecision
  ) throws(GeometryError) {
    precondition(x.rows == y.rows, "\(x.rows) and \(y.rows) rows")
    try x.checkFinite(side: "before", offset: 0)
    try y.checkFinite(side: "after", offset: 0)
    let (u, before) = try decompose(rows: x, width: widths.before, rule)
    let (v, after) = try decompose(rows: y, width: widths.after, rule)
    self.init(count: x.rows, before: before, after: after, cross: u.transposedTimes(v))
  }

  /// Decomposes covariances.
  ///
  /// - Complexity: O(p³ + q³).
  public init(_ moments: JointMoments, rule: RankRule = .doublePrecision) throws(GeometryError) {
    let n = moments.count
    let (before, x) = try whiten(moments.beforeCovariance, count: n, rule)
    let (after, y) = try whiten(moments.afterCovariance, count: n, rule)
    let scaled = x.transposedTimes(moments.crossCovariance) * y
    self.init(
      count: n, before: before, after: after, cross: scaled)
  }

  /// Why nothing can be said about correlation.
  public var reasonAgainst: String? {
    if count == 0 { return "there are no examples" }
    if before.rank == 0 { return "the features before are constant" }
    if after.rank == 0 { return "the features after are constant" }
    return nil
  }
}

/// The left singular vectors of centred rows and the side they belong to.
private func decompose(
  rows: Matrix, width: Int, _ rule: RankRule
) throws(GeometryError) -> (Matrix, WhitenedSide) {
  let centred = rows.centered
  let svd = try convertingErrors { () throws(LinearAlgebraError) in try centred.svd() }
  var rank = rule.rank(singularValues: svd.values, rows: rows.rows, columns: width)
  // What centring leaves of a constant is rounding.
  let size = rows.frobeniusNorm
  rank = svd.values.prefix(rank).prefix { $0 > 1e-14 * size }.count
  let side = WhitenedSide(
    width: width, singularValues: Array(svd.values.prefix(rank)),
    directions: svd.vt[rows: 0..<rank].transposed)
  return (svd.u[columns: 0..<rank], side)
}

/// The side of a covariance (divided by n) and the matrix W with WᵀCW = 1.
private func whiten(
  _ covariance: Matrix, count: Int, _ rule: RankRule
) throws(GeometryError) -> (WhitenedSide, Matrix) {
  let principal = try PrincipalDirections(secondMoment: covariance, count: count)
  let rank = min(principal.rank(rule), max(0, count - 1))
  let directions = principal.vectors[columns: 0..<rank]
  let deviations = Array(principal.singularValues.prefix(rank))
  let scale = Double(count).squareRoot()
  let side = WhitenedSide(
    width: covariance.rows, singularValues: deviations.map { $0 * scale }, directions: directions)
  return (side, directions.scalingColumns(by: deviations.map { 1 / $0 }))
}

extension Matrix {
  /// The matrix with column j times `factors[j]`.
  func scalingColumns(by factors: [Double]) -> Matrix {
    precondition(factors.count == columns, "\(factors.count) factors for \(columns) columns")
    var result = self
    for row in 0..<rows {
      for column in 0..<columns { result.values[row * columns + column] *= factors[column] }
    }
    return result
  }

  /// The matrix with row i times `factors[i]`.
  func scalingRows(by factors: [Double]) -> Matrix {
    precondition(factors.count == rows, "\(factors.count) factors for \(rows) rows")
    var result = self
    for row in 0..<rows {
      for column in 0..<columns { result.values[row * columns + column] *= factors[row] }
    }
    return result
  }
}
