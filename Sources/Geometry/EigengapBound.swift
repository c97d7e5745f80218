public import LinearAlgebra

/// How far the leading directions of a covariance can turn when the covariance changes.
///
/// For the leading k eigenvectors of symmetric S and Ŝ and the angles Θ between their spans,
/// ```
/// ‖sin Θ‖ ≤ 2 min(√k ‖Ŝ − S‖₂, ‖Ŝ − S‖) / (λₖ − λₖ₊₁)
/// ```
/// in Frobenius norms, with λ the eigenvalues of S. A bound of √k or more says nothing: when the gap
/// is that small, do not interpret the subspace. Yu, Wang and Samworth, "A useful variant of the
/// Davis–Kahan theorem for statisticians", Biometrika 102 (2015), theorem 2.
public struct EigengapBound: Equatable, Sendable {
  /// The number k of leading directions.
  public let dimension: Int

  /// The gap λₖ − λₖ₊₁.
  public let gap: Double

  /// The bound on ‖sin Θ‖; undefined when the gap is zero.
  public let bound: Measured

  /// Whether the bound is below √k, so that the subspace means anything.
  public var isInformative: Bool {
    bound.number.map { $0 < Double(dimension).squareRoot() } ?? false
  }

  /// The bound for the leading `dimension` directions of `covariance` and of `other`.
  ///
  /// - Precondition: both are square and of one size d, and `0 < dimension < d`.
  /// - Complexity: O(d³).
  public init(
    covariance: Matrix, other: Matrix, dimension: Int
  ) throws(GeometryError) {
    precondition(
      covariance.rows == covariance.columns && other.rows == other.columns
        && covariance.rows == other.rows, "\(covariance.rows)×\(covariance.columns)")
    precondition(dimension > 0 && dimension < covariance.rows, "\(dimension) of \(covariance.rows)")
    let difference = other - covariance
    let (values, operatorNorm) = try convertingErrors { () throws(LinearAlgebraError) in
      (try covariance.symmetricEigen().values, try difference.spectralNorm())
    }
    self.dimension = dimension
    gap = max(0, values[dimension - 1] - values[dimension])
    let change = min(
      Double(dimension).squareRoot() * operatorNorm, difference.frobeniusNorm)
    bound = Measured(2 * change, over: gap, otherwise: "the eigenvalues around the cut are equal")
  }

  /// The bound from the eigenvalues of one matrix, largest first, and norms of the difference.
  ///
  /// - Parameter operatorNorm: ‖Ŝ − S‖₂, when known; the Frobenius norm alone gives a larger bound.
  /// - Precondition: `0 < dimension < eigenvalues.count`.
  public init(
    eigenvalues: [Double], operatorNorm: Double?, frobeniusNorm: Double, dimension: Int
  ) {
    precondition(
      dimension > 0 && dimension < eigenvalues.count, "\(dimension) of \(eigenvalues.count)")
    self.dimension = dimension
    gap = max(0, eigenvalues[dimension - 1] - eigenvalues[dimension])
    let change = min(
      operatorNorm.map { Double(dimension).squareRoot() * $0 } ?? .infinity, frobeniusNorm)
    bound = Measured(2 * change, over: gap, otherwise: "the eigenvalues around the cut are equal")
  }
}
