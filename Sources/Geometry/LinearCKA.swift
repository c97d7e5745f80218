public import LinearAlgebra

/// Linear centred kernel alignment of two feature sets on the same examples.
///
/// 1 for sets equal up to rotation, scale and translation. Kornblith et al., "Similarity of Neural
/// Network Representations Revisited", ICML 2019.
///
/// The *biased* form depends on n: for independent sets of 512 features it reads .91 at n = 50 and
/// .34 at n = 1000, so never compare it between sets of different size. The *debiased* form rests
/// on the unbiased HSIC of Song et al., "Feature Selection via Dependence Maximization", JMLR 2012;
/// it may be negative, and averages 0 for independent sets.
public enum LinearCKA {
  /// ‖XcᵀYc‖² / (‖XcᵀXc‖ ‖YcᵀYc‖) in Frobenius norms, in [0, 1].
  ///
  /// Undefined when a side is constant.
  public static func biased(_ moments: JointMoments) -> Measured {
    if let reason = moments.reasonAgainstCorrelation { return .undefined(reason) }
    let (xx, yy) = moments.centredSquaredNorms
    return Measured(moments.centredCrossSquaredNorm / xx.squareRoot() / yy.squareRoot())
  }

  /// h(X, Y) / √(h(X, X) h(Y, Y)), with h the debiased ‖XcᵀYc‖² of ``debiasedProducts(_:)``.
  ///
  /// Undefined when n < 4, when a side is constant, and when h(X, X) or h(Y, Y) is not positive,
  /// which happens when n is small beside the number of features that matter.
  public static func debiased(_ moments: JointMoments) -> Measured {
    guard moments.count >= 4 else {
      return .undefined("debiased CKA needs at least 4 examples; there are \(moments.count)")
    }
    if let reason = moments.reasonAgainstCorrelation { return .undefined(reason) }
    let norms = moments.centredSquaredNorms
    return ratio(debiasedProducts(moments), sizes: norms)
  }

  /// The debiased inner products of the centred Gram matrices,
  /// ```
  /// h(X, Y) = ‖XcᵀYc‖² − n/(n−2) Σ |xᵢ|²|yᵢ|² + tr(XcᵀXc) tr(YcᵀYc) / ((n−1)(n−2))
  /// ```
  /// and likewise h(X, X) and h(Y, Y). h / (n (n−3)) is Song's unbiased HSIC.
  ///
  /// - Precondition: at least 4 examples.
  public static func debiasedProducts(
    _ moments: JointMoments
  ) -> (xy: Double, xx: Double, yy: Double) {
    precondition(moments.count >= 4, "\(moments.count) examples")
    let n = Double(moments.count)
    let sums = moments.sums
    let (mx, my) = (sums.x.map { $0 / n }, sums.y.map { $0 / n })
    let (mmx, mmy) = (dot(mx, mx), dot(my, my))
    // Σ |xc|²|yc|², the squared lengths written out about the means.
    let rxy =
      sums.ab - 2 * dot(my, sums.ay) - 2 * dot(mx, sums.bx) + mmy * sums.a + mmx * sums.b
      + 4 * dot(mx, sums.crossTimes(my)) - 3 * n * mmx * mmy
    let rxx =
      sums.aa - 4 * dot(mx, sums.ax) + 2 * mmx * sums.a + 4 * dot(mx, sums.xx.symmetricTimes(mx))
      - 3 * n * mmx * mmx
    let ryy =
      sums.bb - 4 * dot(my, sums.by) + 2 * mmy * sums.b + 4 * dot(my, sums.yy.symmetricTimes(my))
      - 3 * n * mmy * mmy
    func product(_ squaredNorm: Double, _ r: Double, _ traces: Double) -> Double {
      squaredNorm - n / (n - 2) * r + traces / ((n - 1) * (n - 2))
    }
    let (tx, ty) = moments.centredTraces
    let (xx, yy) = moments.centredSquaredNorms
    return (
      product(moments.centredCrossSquaredNorm, rxy, tx * ty), product(xx, rxx, tx * tx),
      product(yy, ryy, ty * ty)
    )
  }

  /// The biased HSIC of linear kernels, tr(K H L H) / (n − 1)²; 0 when n < 2.
  public static func biasedHSIC(_ moments: JointMoments) -> Double {
    let n = Double(moments.count)
    return n < 2 ? 0 : moments.centredCrossSquaredNorm / ((n - 1) * (n - 1))
  }

  /// The unbiased HSIC of linear kernels (Song et al. 2012); may be negative.
  ///
  /// Undefined when n < 4.
  public static func unbiasedHSIC(_ moments: JointMoments) -> Measured {
    guard moments.count >= 4 else {
      return .undefined("unbiased HSIC needs at least 4 examples; there are \(moments.count)")
    }
    let n = Double(moments.count)
    return Measured(debiasedProducts(moments).xy / (n * (n - 3)))
  }

  /// The biased form from the n×n Gram matrices of rows; the same number as ``biased(_:)``, at
  /// O(n² (p + q)), cheaper when there are fewer examples than features.
  ///
  /// - Precondition: as many rows in `x` as in `y`.
  public static func biased(rowsBefore x: Matrix, rowsAfter y: Matrix) -> Measured {
    precondition(x.rows == y.rows, "\(x.rows) and \(y.rows) rows")
    if let reason = reasonAgainst(x, y) { return .undefined(reason) }
    let (k, l) = (x.centered.timesTransposed(x.centered), y.centered.timesTransposed(y.centered))
    return Measured(k.innerProduct(l) / (k.frobeniusNorm * l.frobeniusNorm))
  }

  /// The debiased form from U-centred n×n Gram matrices; the same number as ``debiased(_:)``.
  ///
  /// - Precondition: as many rows in `x` as in `y`.
  public static func debiased(rowsBefore x: Matrix, rowsAfter y: Matrix) -> Measured {
    precondition(x.rows == y.rows, "\(x.rows) and \(y.rows) rows")
    guard x.rows >= 4 else {
      return .undefined("debiased CKA needs at least 4 examples; there are \(x.rows)")
    }
    if let reason = reasonAgainst(x, y) { return .undefined(reason) }
    let (k, l) = (
      x.centered.timesTransposed(x.centered).uCentred,
      y.centered.timesTransposed(y.centered).uCentred
    )
    return ratio(
      (k.innerProduct(l), k.squaredNorm, l.squaredNorm),
      sizes: (x.centered.gramSquaredNorm, y.centered.gramSquaredNorm))
  }

  /// h(X, Y) / √(h(X, X) h(Y, Y)).
  ///
  /// - Parameter sizes: how large the numbers are whose differences h(X, X) and h(Y, Y) are: what is below
  ///   1e-12 of them is rounding, and counts as zero.
  static func ratio(
    _ h: (xy: Double, xx: Double, yy: Double), sizes: (Double, Double)
  ) -> Measured {
    guard h.xx.isFinite, h.yy.isFinite else {
      return .undefined("the sums are not finite numbers")
    }
    guard h.xx > 1e-12 * sizes.0 else {
      return .undefined("the debiased self-similarity before is not positive; add examples")
    }
    guard h.yy > 1e-12 * sizes.1 else {
      return .undefined("the debiased self-similarity after is not positive; add examples")
    }
    return Measured(h.xy / (h.xx.squareRoot() * h.yy.squareRoot()))
  }

  static func reasonAgainst(_ x: Matrix, _ y: Matrix) -> String? {
    for (side, rows) in [("before", x), ("after", y)] {
      if rows.rows == 0 { return "there are no examples" }
      if !rows.isFinite { return "the features \(side) are not all finite" }
      if rows.centered.squaredNorm <= 1e-28 * rows.squaredNorm {
        return "the features \(side) are constant"
      }
    }
    return nil
  }
}

extension Matrix {
  /// ‖X Xᵀ‖².
  fileprivate var gramSquaredNorm: Double { timesTransposed(self).squaredNorm }
}

extension JointMoments {
  /// Why nothing can be said about correlation: no examples, or a constant side.
  ///
  /// A side is constant when its variance is what rounding alone would leave.
  var reasonAgainstCorrelation: String? {
    guard count > 0 else { return "there are no examples" }
    for (side, centred, raw, mean) in [
      ("before", centredTraces.before, sums.xx.trace, beforeMean),
      ("after", centredTraces.after, sums.yy.trace, afterMean),
    ] {
      let unshifted = centred + Double(count) * dot(mean, mean)
      guard centred.isFinite else { return "the sums are not finite numbers" }
      if centred <= max(1e-28 * unshifted, 64 * Double.ulpOfOne * raw) || centred <= 0 {
        return "the features \(side) are constant"
      }
    }
    return nil
  }
}
