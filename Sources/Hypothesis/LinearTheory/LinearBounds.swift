public import LinearAlgebra

/// What is proved about the out-of-distribution (OOD) error of the two-layer linear model.
///
/// The error is √L = ‖Bᵀ v − w*‖: the root of the expected squared error when the OOD inputs have
/// the identity for second moment. R is the span of the rows of B₀, S that of the ID inputs. Before
/// anything is computed, the true model is rotated to lie nearest to the pretrained one: (v*, B*)
/// is only determined up to (U v*, U B*), and the quantities below depend on U.
public struct LinearBounds: Equatable, Sendable {
  /// ε = ‖B₀ − U B*‖₂, with U the orthogonal matrix that minimises the Frobenius norm.
  public let distance: Double

  /// ‖w*‖.
  public let signalNorm: Double

  /// φ, how far the initial head is from the true one: φ² = |(v₀ᵀ U v*)² − ‖v*‖⁴|.
  public let headAlignmentError: Double

  /// cos θ_max(R, S⊥), the cosine of the largest principal angle.
  public let cosineToComplement: Double

  /// cos θ_max(R, S).
  public let cosineToSpan: Double

  /// κ, the largest singular value of the inputs over the smallest one that is not zero.
  public let conditionNumber: Double

  /// The number of features, k.
  public let rank: Int

  /// The lower bound that the proof of ``corrected`` gives before its steps are simplified:
  ///
  ///     √L ≥ min over a ≥ 0 of max(cos θ_max(R, S⊥) a − ε w, D(a), 0)
  ///
  /// a stands for ‖v − U v*‖ and D(a) for the least error that leaves v vᵀ − B Bᵀ as it was; the first
  /// rises and D falls with a, so the minimum is where they cross.
  public let sharpened: Double

  /// The bounds for training that starts from the pretrained features of `problem` and `head`.
  ///
  /// - Throws: ``LinearAlgebraError`` when a decomposition does not converge.
  public init(_ problem: LinearProblem, head: [Double]) throws(LinearAlgebraError) {
    let (start, truth) = (problem.pretrained.features, problem.truth)
    let rotation = try start.timesTransposed(truth.features).nearestOrthogonal()
    let alignedHead = rotation.times(truth.head)
    let headNorm = dot(truth.head, truth.head)
    let overlap = dot(head, alignedHead)
    rank = truth.rank
    distance = try (start - rotation * truth.features).spectralNorm()
    signalNorm = dot(problem.signal, problem.signal).squareRoot()
    headAlignmentError = abs(overlap * overlap - headNorm * headNorm).squareRoot()
    cosineToComplement = try Self.smallestCosine(start * problem.complement)
    cosineToSpan = try Self.smallestCosine(start * problem.span)
    let inputs = problem.inputs * problem.span
    let values = try inputs.singularValues()
    let counted = RankRule.doublePrecision.rank(
      singularValues: values, rows: inputs.rows, columns: inputs.columns)
    conditionNumber = counted > 0 ? values[0] / values[counted - 1] : 1
    sharpened = Self.crossing(
      cosine: cosineToComplement, distance: distance, signalNorm: signalNorm, overlap: overlap)
  }

  /// The lower bound on the OOD error of fine-tuning at any time, for any head and any number of
  /// features:
  ///
  ///     √L ≥ cos θ_max(R, S⊥) / 4 · min(φ, φ²/w) / (1 + w)² − ε w,   w = ‖w*‖
  ///
  /// Negative values say nothing. The proof has two parts. Outside S the features never change,
  /// so an error d of the whole bounds the head's: ‖v − U v*‖ ≤ η = (d + ε w) / cos θ_max(R, S⊥). And
  /// v vᵀ − B Bᵀ is constant under gradient flow; between U v* and itself this bounds φ² by a
  /// polynomial in η that stays below φ² while η < min(φ, φ²/w) / (4 (1 + w)²).
  public var corrected: Double {
    cosineToComplement / 4 * core - distance * signalNorm
  }

  /// The lower bound with the constants that the main text of the ICLR 2022 paper prints:
  ///
  ///     √L ≥ cos θ_max(R, S⊥) / √k · min(φ, φ²/w) / (1 + w)² − ε
  ///
  /// For three features or fewer, or ‖w*‖ > 1, there are problems on which it fails: with one
  /// feature, cos θ_max = 0.2, w = 1, ε = 0 and v₀ → 0 the error is 0.0437 and this bound 0.05. An
  /// appendix may carry conditions that the main text does not.
  public var asPrinted: Double {
    cosineToComplement / Double(rank).squareRoot() * core - distance
  }

  /// The upper bound on the OOD error of linear probing, or `nil` where R and S leave it unbounded:
  ///
  ///     √L ≤ ε w (1 + κ / cos θ_max(R, S))
  ///
  /// since the probe misses U v* by X (U B* − B₀)ᵀ U v* through the pseudoinverse of X B₀ᵀ.
  public var probeUpper: Double? {
    guard cosineToSpan > 0 else { return nil }
    return distance * signalNorm * (1 + conditionNumber / cosineToSpan)
  }

  /// min(φ, φ²/w) / (1 + w)².
  private var core: Double {
    let (phi, w) = (headAlignmentError, signalNorm)
    guard w > 0 else { return 0 }
    return min(phi, phi * phi / w) / ((1 + w) * (1 + w))
  }

  private static func crossing(
    cosine: Double, distance: Double, signalNorm w: Double, overlap: Double
  ) -> Double {
    let (squared, fourth) = (overlap * overlap, w * w * w * w)
    func rising(_ a: Double) -> Double { max(0, cosine * a - distance * w) }
    func falling(_ a: Double) -> Double {
      let largest = (1 + (w + a) * (w + a)).squareRoot()  // ‖B‖₂ is at most this
      if squared < fourth {
        let rest = max(0, w * w - w * a)
        return max(0, max(0, rest * rest + w * w - squared).squareRoot() - w - largest * a)
      }
      let room = (w * w + w * a) * (w * w + w * a) + w * w - squared
      return room < 0 ? .infinity : max(0, w - largest * a - room.squareRoot())
    }
    var (low, high) = (0.0, 1.0)
    while rising(high) < falling(high), high < 1e300 { high *= 2 }
    for _ in 0..<200 {
      let middle = (low + high) / 2
      if rising(middle) < falling(middle) { low = middle } else { high = middle }
    }
    // Both sides of the crossing bound it from below.
    return min(rising(high), max(rising(low), falling(low)))
  }

  /// The smallest singular value of a product of orthonormal bases: the cosine of the largest
  /// principal angle.
  private static func smallestCosine(_ product: Matrix) throws(LinearAlgebraError) -> Double {
    min(1, try product.singularValues().last ?? 0)
  }
}
