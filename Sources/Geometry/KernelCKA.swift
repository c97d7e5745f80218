public import LinearAlgebra

/// Centred kernel alignment with the radial basis function kernel, from rows.
///
/// Each side has its own kernel exp(−d²/(2 s² m)) with m the median of the whole n×n matrix of squared
/// distances, diagonal zeros included (Kornblith et al.'s notebook; others leave the zeros out, which
/// gives another number). O(n²(p + q)) time, blocks of 32 MiB of memory.
public enum KernelCKA {
  /// Biased and debiased RBF CKA.
  ///
  /// The debiased form takes the unbiased HSIC of Song et al. throughout: it averages 0 for
  /// independent sets and may be negative. Undefined when a side is constant, the median distance is
  /// zero, n < 4, or a debiased self-similarity is not positive.
  ///
  /// - Parameter bandwidth: s, the share of the median distance.
  /// - Precondition: as many rows in `x` as in `y`, and `bandwidth > 0`.
  public static func radial(
    _ x: Matrix, _ y: Matrix, bandwidth: Double = 0.5
  ) -> (biased: Measured, debiased: Measured) {
    precondition(x.rows == y.rows, "\(x.rows) and \(y.rows) rows")
    precondition(bandwidth > 0, "a bandwidth of \(bandwidth)")
    func none(_ reason: String) -> (Measured, Measured) { (.undefined(reason), .undefined(reason)) }
    if x.rows == 0 { return none("there are no examples") }
    if !x.isFinite || !y.isFinite { return none("the features are not all finite") }
    let (a, b) = (PairwiseRows(x), PairwiseRows(y))
    let (s, t) = (a.medianSquaredDistance(), b.medianSquaredDistance())
    guard s > 0 else { return none("the median distance before is zero") }
    guard t > 0 else { return none("the median distance after is zero") }
    let scale = -1 / (2 * bandwidth * bandwidth)
    return alignment(count: x.rows) { range in
      (
        exponentials(a.squaredDistances(range), scale / s),
        exponentials(b.squaredDistances(range), scale / t)
      )
    }
  }

  private static func exponentials(_ block: Matrix, _ scale: Double) -> Matrix {
    var block = block
    for index in block.values.indices {
      block.values[index] = exponential(scale * block.values[index])
    }
    return block
  }

  /// Alignment of two kernels given block by block, in one pass.
  static func alignment(
    count: Int, _ kernels: (Range<Int>) -> (Matrix, Matrix)
  ) -> (biased: Measured, debiased: Measured) {
    let n = Double(count)
    // Σ K∘K, K∘L, L∘L with and without the diagonal, and the row sums.
    var products = [Double](repeating: 0, count: 3)
    var diagonal = [Double](repeating: 0, count: 3)
    var (rowsK, rowsL) = (
      [Double](repeating: 0, count: count), [Double](repeating: 0, count: count)
    )
    var (diagonalK, diagonalL) = (rowsK, rowsL)
    let size = max(1, min(count, (1 << 22) / max(1, count)))
    for start in stride(from: 0, to: count, by: size) {
      let range = start..<min(start + size, count)
      let (k, l) = kernels(range)
      products[0] += k.squaredNorm
      products[1] += k.innerProduct(l)
      products[2] += l.squaredNorm
      let ones = [Double](repeating: 1, count: count)
      let (sumsK, sumsL) = (k.times(ones), l.times(ones))
      for (place, row) in range.enumerated() {
        let (a, b) = (k[place, row], l[place, row])
        (rowsK[row], rowsL[row], diagonalK[row], diagonalL[row]) = (
          sumsK[place], sumsL[place], a, b
        )
        diagonal[0] += a * a
        diagonal[1] += a * b
        diagonal[2] += b * b
      }
    }
    func biased(_ product: Double, _ a: [Double], _ b: [Double]) -> Double {
      let (sa, sb) = (a.reduce(0, +), b.reduce(0, +))
      return product - 2 / n * dot(a, b) + sa * sb / (n * n)
    }
    let (kk, kl, ll) = (
      biased(products[0], rowsK, rowsK), biased(products[1], rowsK, rowsL),
      biased(products[2], rowsL, rowsL)
    )
    let plain: Measured =
      kk > 1e-14 * products[0] && ll > 1e-14 * products[2]
      ? Measured(kl / (kk.squareRoot() * ll.squareRoot()))
      : .undefined("a kernel is constant")
    guard count >= 4 else {
      return (plain, .undefined("debiased CKA needs at least 4 examples; there are \(count)"))
    }
    let (offK, offL) = (
      zip(rowsK, diagonalK).map { $0 - $1 }, zip(rowsL, diagonalL).map { $0 - $1 }
    )
    func unbiased(_ place: Int, _ a: [Double], _ b: [Double]) -> Double {
      let (sa, sb) = (a.reduce(0, +), b.reduce(0, +))
      return products[place] - diagonal[place] + sa * sb / ((n - 1) * (n - 2))
        - 2 / (n - 2) * dot(a, b)
    }
    return (
      plain,
      LinearCKA.ratio(
        (unbiased(1, offK, offL), unbiased(0, offK, offK), unbiased(2, offL, offL)),
        sizes: (products[0], products[2]))
    )
  }
}
