public import LinearAlgebra
import Randomness

/// The singular values of a matrix, all of them or the largest, and what follows from them.
///
/// How they are found depends on the smaller side s of the matrix:
///
/// | s | method | accuracy |
/// | --- | --- | --- |
/// | up to 2048 | decomposition (LAPACK `dgesdd`) | about 1e-15 · σ₁ for every value |
/// | up to 8192 | eigenvalues of the smaller Gram matrix AᵀA in Float64 | about 1e-16 · σ₁²/σ: 1e-13 · σ₁ at σ = 1e-3 · σ₁, nothing below 1e-8 · σ₁ |
/// | more | block Krylov, the largest values only | ``Method/leading(residual:)`` · σ₁ at most |
public struct MatrixSpectrum: Sendable {
  /// How the singular values were found.
  public enum Method: Equatable, Sendable {
    /// From a singular value decomposition.
    case decomposition
    /// As roots of the eigenvalues of the smaller Gram matrix.
    case gram
    /// Only the largest, by a block Krylov method with this residual relative to σ₁.
    case leading(residual: Double)
  }

  /// Where one method gives way to the next: the smaller side of a matrix.
  public struct Limits: Equatable, Sendable {
    /// The largest that is decomposed.
    public var decomposition = 2048
    /// The largest whose Gram matrix is decomposed.
    public var gram = 8192
    /// How many values are found beyond that.
    public var leadingCount = 10

    /// The limits of the table above unless said otherwise.
    public init(decomposition: Int = 2048, gram: Int = 8192, leadingCount: Int = 10) {
      self.decomposition = decomposition
      self.gram = gram
      self.leadingCount = leadingCount
    }
  }

  /// The singular values, largest first: min(m, n) of them, or the largest.
  public let values: [Double]
  /// How they were found.
  public let method: Method
  /// The Frobenius norm, from the entries.
  public let frobeniusNorm: Double

  /// The singular values of `matrix`.
  ///
  /// - Throws: `LinearAlgebraError`, for entries that are not finite, or sizes beyond LAPACK's.
  public init(of matrix: Matrix, limits: Limits = Limits()) throws(LinearAlgebraError) {
    let side = min(matrix.rows, matrix.columns)
    frobeniusNorm = matrix.frobeniusNorm
    if side <= limits.decomposition {
      values = try matrix.singularValues()
      method = .decomposition
    } else if side <= limits.gram {
      let gram = matrix.rows < matrix.columns ? matrix.transposed.gram : matrix.gram
      values = try gram.symmetricEigenvalues().map { max(0, $0).squareRoot() }
      method = .gram
    } else {
      var generator = SeededGenerator(seed: 0, "leading singular values")
      let leading = try matrix.leadingSingularVectors(limits.leadingCount, using: &generator)
      values = leading.values
      method = .leading(residual: leading.residual)
    }
  }

  /// Whether all singular values are there.
  public var isComplete: Bool { if case .leading = method { false } else { true } }

  /// The spectral norm σ₁; 0 for a matrix without entries.
  public var spectralNorm: Double { values.first ?? 0 }

  /// The stable rank ‖A‖²/σ₁², with the Frobenius norm of the entries; undefined for zero.
  public var stableRank: Measured {
    guard spectralNorm > 0 else { return .undefined("all values are zero") }
    let ratio = frobeniusNorm / spectralNorm
    return Measured(ratio * ratio)
  }

  /// The effective rank exp(−Σ p ln p), p = σ/Σσ (Roy and Vetterli); undefined for zero, and where
  /// not all singular values were found.
  public var effectiveRank: Measured {
    guard spectralNorm > 0 else { return .undefined("all values are zero") }
    guard isComplete else {
      return .undefined("only the \(values.count) largest singular values were computed")
    }
    return Spectrum.effectiveRank(values)
  }
}
