import CLAPACK

extension Matrix {
  /// The Frobenius norm, the root of the sum of squares; it does not overflow on the way.
  public var frobeniusNorm: Double {
    values.withUnsafeBufferPointer { entries in
      guard let base = entries.baseAddress else { return 0 }
      var norm = 0.0
      forEachPiece(of: entries.count) {
        var parts = [norm, cblas_dnrm2($1, base + $0, 1)]
        norm = norm == 0 ? parts[1] : cblas_dnrm2(2, &parts, 1)
      }
      return norm
    }
  }

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
