public import Randomness

/// The largest singular values of a matrix and their vectors, found without a decomposition of
/// all of it.
public struct LeadingSingularVectors: Sendable {
  /// Left singular vectors in columns, m×k.
  public let u: Matrix
  /// The k largest singular values, largest first.
  public let values: [Double]
  /// Right singular vectors in rows, k×n.
  public let vt: Matrix
  /// The largest ‖Aᵀuᵢ − σᵢvᵢ‖ / σ₁: by Weyl's theorem, within this share of σ₁ of each value found
  /// there is a singular value of the matrix; errors are usually about its square.
  public let residual: Double
}

extension Matrix {
  /// The `count` largest singular values with their vectors, by a block Krylov method.
  ///
  /// A random block is multiplied by AᵀA again and again; what its images span contains the leading
  /// right vectors better and better, and a small decomposition in that span finds them
  /// (Rayleigh–Ritz). Musco and Musco, "Randomized block Krylov methods for stronger and faster
  /// approximate singular value decomposition", NeurIPS 2015. It restarts from the best vectors when
  /// the span grows past its limit, and stops when the residual is below `tolerance` or after
  /// `restarts`; read ``LeadingSingularVectors/residual``. Spectra without gaps converge slowly.
  ///
  /// - Precondition: `count` is positive.
  /// - Throws: `LinearAlgebraError`, also for entries that are not finite.
  /// - Complexity: O(m n k) for each of a few dozen multiplications; memory O((m + n) k) beside A.
  public func leadingSingularVectors(
    _ count: Int, using generator: inout SeededGenerator, tolerance: Double = 1e-10,
    restarts: Int = 12
  ) throws(LinearAlgebraError) -> LeadingSingularVectors {
    precondition(count > 0, "\(count) leading singular vectors")
    if columns > rows {
      let turned = try transposed.leadingSingularVectors(
        count, using: &generator, tolerance: tolerance, restarts: restarts)
      return LeadingSingularVectors(
        u: turned.vt.transposed, values: turned.values, vt: turned.u.transposed,
        residual: turned.residual)
    }
    let wanted = min(count, columns)
    let width = min(columns, wanted + 8)
    // Small matrices are decomposed whole: the span would soon be everything.
    guard columns > 6 * width else {
      let whole = try svd()
      return LeadingSingularVectors(
        u: whole.u[columns: 0..<wanted], values: Array(whole.values.prefix(wanted)),
        vt: whole.vt[rows: 0..<wanted], residual: 0)
    }
    try checkForLAPACK("leading singular values")
    var start = try Matrix.randomOrthonormal(rows: columns, columns: width, using: &generator)
    var best = LeadingSingularVectors(
      u: Matrix(rows: rows, columns: 0), values: [], vt: Matrix(rows: 0, columns: columns),
      residual: .infinity)
    for _ in 0..<max(1, restarts) {
      var span = start
      for _ in 0..<4 {
        var next = transposedTimes(self * span[columns: span.columns - width..<span.columns])
        // Twice is enough (Kahan, Parlett): the second time removes what rounding left.
        for _ in 0..<2 {
          next.addProduct(span, span.transposedTimes(next), scale: -1)
          next = try next.qr().q
        }
        span = span.appendingColumns(of: next)
      }
      let small = try (self * span).svd()
      let vt = small.vt.timesTransposed(span)
      best = LeadingSingularVectors(
        u: small.u[columns: 0..<wanted], values: Array(small.values.prefix(wanted)),
        vt: vt[rows: 0..<wanted],
        residual: residual(small.u[columns: 0..<wanted], small.values, vt))
      if best.residual <= tolerance { break }
      start = vt[rows: 0..<width].transposed
    }
    return best
  }

  /// The largest ‖Aᵀuᵢ − σᵢvᵢ‖ / σ₁ of the columns of `u`.
  private func residual(_ u: Matrix, _ values: [Double], _ vt: Matrix) -> Double {
    guard let largest = values.first, largest > 0 else { return 0 }
    let images = u.transposedTimes(self)
    var worst = 0.0
    for index in 0..<u.columns {
      var sum = 0.0
      for column in 0..<columns {
        let difference = images[index, column] - values[index] * vt[index, column]
        sum += difference * difference
      }
      worst = max(worst, sum.squareRoot() / largest)
    }
    return worst
  }
}
