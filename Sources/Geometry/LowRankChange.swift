public import LinearAlgebra
import Randomness

/// A change that is, up to the rounding of stored values, a matrix of low rank, as adding the
/// product of two thin factors leaves (Hu et al., "LoRA", 2021).
public struct LowRankChange: Equatable, Sendable {
  /// How many singular values of the change exceed the threshold.
  public let rank: Int
  /// The smaller side of the matrix.
  public let side: Int
  /// 2 ε (√m + √n), ε the root mean square of the rounding error: twice the largest singular value
  /// that errors alone would have.
  public let threshold: Double

  /// The smallest side on which a rank can be called low.
  public static let smallestSide = 8

  /// The largest rank that is low for a smaller side s: s/4, and at most 256.
  public static func limit(side: Int) -> Int { min(side / 4, 256) }

  /// The rank of `delta` if it is low; `nil` when it is not, when the matrix is smaller than
  /// ``smallestSide``, or zero.
  ///
  /// Up to a smaller side of 512 from all singular values. Beyond that, a random projection finds a
  /// basis Q of a quarter of the dimensions that contains a matrix of low rank, ‖Δ − Q QᵀΔ‖ decides
  /// whether it does, and the singular values of QᵀΔ count (Halko, Martinsson, Tropp 2011).
  ///
  /// - Parameter roundingError: the root mean square of what rounding left in an entry.
  /// - Throws: `GeometryError` for values that are not finite.
  public init?(_ delta: Matrix, roundingError: Double) throws(GeometryError) {
    let (m, n) = (Double(delta.rows), Double(delta.columns))
    let side = min(delta.rows, delta.columns)
    let threshold = 2 * roundingError * (m.squareRoot() + n.squareRoot())
    guard side >= Self.smallestSide else { return nil }
    let limit = Self.limit(side: side)
    let values: [Double]
    if side <= 512 {
      values = try convertingErrors { () throws(LinearAlgebraError) in
        try delta.singularValues()
      }
    } else {
      var generator = SeededGenerator(seed: 0, "projection for low rank")
      let test = Matrix.normal(rows: delta.columns, columns: limit + 16, using: &generator)
      let projected = try convertingErrors { () throws(LinearAlgebraError) in
        let basis = try (delta * test).qr().q
        let inside = basis.transposedTimes(delta)
        var outside = delta
        outside.addProduct(basis, inside, scale: -1)
        // Errors alone have the norm ε √(m n); half as much again is more than chance.
        guard outside.frobeniusNorm <= 1.5 * roundingError * (m * n).squareRoot() else {
          return [Double]?.none
        }
        return try inside.singularValues()
      }
      guard let projected else { return nil }
      values = projected
    }
    let rank = values.count { $0 > threshold }
    guard rank > 0, rank <= limit else { return nil }
    (self.rank, self.side, self.threshold) = (rank, side, threshold)
  }
}
