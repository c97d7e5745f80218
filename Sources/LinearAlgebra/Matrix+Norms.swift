import CLAPACK

extension Matrix {
  /// The Frobenius norm, the root of the sum of squares; it does not overflow on the way.
  public var frobeniusNorm: Double { cblas_dnrm2(blasSize(values.count), values, 1) }

  /// The sum of squares of the entries.
  public var squaredNorm: Double { innerProduct(self) }

  /// The sum of the diagonal entries.
  public var trace: Double { diagonal.reduce(0, +) }

  /// The spectral norm: the largest singular value; 0 for an empty matrix.
  public func spectralNorm() throws(LinearAlgebraError) -> Double {
    try singularValues().first ?? 0
  }

  /// The nuclear norm: the sum of the singular values.
  public func nuclearNorm() throws(LinearAlgebraError) -> Double {
    try singularValues().reduce(0, +)
  }
}
