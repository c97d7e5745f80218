public import LinearAlgebra

/// The eigenvectors of a second moment or covariance, strongest first, with their eigenvalues.
///
/// Found from rows or from their triangular factor, directions down to 1e-15 of the strongest are
/// told from rounding. Found from a second moment only down to about 1e-8 · √d: forming XᵀX squares
/// the singular values and loses half the digits, so weaker directions count as rank zero.
public struct PrincipalDirections: Sendable {
  /// The eigenvalues of (1/n) Σ a aᵀ, largest first, never negative.
  public let energies: [Double]

  /// The eigenvectors in columns, in that order; d×d, or d×min(n, d) when found from rows.
  public let vectors: Matrix

  /// The number of rows they were found from, when known; the double precision rank rule uses it.
  public let count: Int?

  /// Whether the directions come from a second moment, at half the digits.
  public let fromSecondMoment: Bool

  /// The eigenvectors of a symmetric positive semidefinite matrix.
  ///
  /// - Precondition: the matrix is square.
  /// - Complexity: O(d³).
  public init(secondMoment: consuming Matrix, count: Int? = nil) throws(GeometryError) {
    let eigen: SymmetricEigendecomposition
    do throws(LinearAlgebraError) {
      eigen = try SymmetricEigendecomposition(consuming: secondMoment)
    } catch {
      throw .linearAlgebra(error)
    }
    energies = eigen.values.map { max(0, $0) }
    vectors = eigen.vectors
    self.count = count
    fromSecondMoment = true
  }

  /// The right singular vectors of rows, uncentred, with energies σ²/n.
  ///
  /// - Complexity: O(n d min(n, d)).
  public init(rows: Matrix) throws(GeometryError) {
    guard rows.rows > 0 else { throw .noRows }
    try self.init(factor: rows, count: rows.rows)
  }

  /// The right singular vectors of a matrix `R` with `RᵀR` = Σ a aᵀ over `count` rows a.
  ///
  /// - Precondition: `count > 0`.
  public init(factor: Matrix, count: Int) throws(GeometryError) {
    precondition(count > 0, "\(count) rows")
    let svd = try convertingErrors { () throws(LinearAlgebraError) in try factor.svd() }
    energies = svd.values.map { $0 * $0 / Double(count) }
    vectors = svd.vt.transposed
    self.count = count
    fromSecondMoment = false
  }

  /// Directions that are known already.
  ///
  /// - Precondition: a column for each energy.
  init(energies: [Double], vectors: Matrix, count: Int?, fromSecondMoment: Bool) {
    precondition(
      energies.count == vectors.columns, "\(energies.count) energies, \(vectors.columns) columns")
    self.energies = energies
    self.vectors = vectors
    self.count = count
    self.fromSecondMoment = fromSecondMoment
  }

  /// The square roots of the energies: singular values divided by √n.
  public var singularValues: [Double] { energies.map { $0.squareRoot() } }

  /// The number of directions that count by a rank rule, or by what a second moment can tell when
  /// that is less.
  public func rank(_ rule: RankRule) -> Int {
    let (singular, width) = (singularValues, vectors.rows)
    var threshold = rule.threshold(
      singularValues: singular, rows: max(count ?? width, width), columns: width)
    if fromSecondMoment {
      let floor = (Double.ulpOfOne * Double(width)).squareRoot() * (singular.first ?? 0)
      threshold = max(threshold, floor)
    }
    return singular.prefix { $0 > threshold }.count
  }

  /// The leading directions chosen by `rule`; none when there is no energy.
  ///
  /// - Precondition: a share of energy is between 0 and 1, a count is not negative.
  public func subspace(_ rule: SubspaceRule) -> Subspace {
    let total = energies.reduce(0, +)
    let available = rank(.doublePrecision)
    var dimension = 0
    switch rule {
    case .energy(let share):
      precondition(share > 0 && share <= 1, "\(share) is not a share of the energy")
      // A hair less, so that rounding in the sum does not ask for one direction more.
      let wanted = share * total * (1 - 1e-13)
      var sum = 0.0
      while dimension < available, sum < wanted {
        sum += energies[dimension]
        dimension += 1
      }
    case .count(let count):
      precondition(count >= 0, "\(count) directions")
      dimension = min(count, available)
    case .numericalRank(let rule):
      dimension = rank(rule)
    case .effectiveRank:
      let rank = Spectrum.effectiveRank(singularValues).number ?? 0
      dimension = min(Int(rank.rounded()), available)
    case .gap:
      let candidates = 1..<max(2, available / 2 + 1)
      dimension = min(
        available,
        candidates.max { a, b in
          func ratio(_ k: Int) -> Double {
            k < energies.count && energies[k] > 0 ? energies[k - 1] / energies[k] : 0
          }
          return ratio(a) < ratio(b)
        } ?? 0)
    }
    return Subspace(
      basis: vectors[columns: 0..<dimension], energies: Array(energies.prefix(dimension)),
      totalEnergy: total, rule: rule)
  }
}
