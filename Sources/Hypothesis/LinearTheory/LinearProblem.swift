public import LinearAlgebra
import Randomness

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A regression problem for the two-layer linear model, with a pretrained model that is nearly right.
///
/// The targets are y = w*ᵀ x with w* = B*ᵀ v*, so a model without error exists. Inputs lie in a
/// subspace S of dimension m, the span of the in-distribution (ID) examples; the pretrained features
/// B₀ are at a chosen distance from B*. Both feature maps have orthonormal rows.
///
/// Setting and symbols are those of Kumar, Raghunathan, Jones, Ma and Liang, "Fine-Tuning can
/// Distort Pretrained Features and Underperform Out-of-Distribution", ICLR 2022, section 3.
public struct LinearProblem: Sendable {
  /// The model that makes the targets: v* and B*.
  public let truth: LinearModel

  /// The model that training starts from: a random head v₀ and the pretrained features B₀.
  public let pretrained: LinearModel

  /// The ID training inputs X, n × d.
  public let inputs: Matrix

  /// Orthonormal columns that span S, d × m.
  public let span: Matrix

  /// Orthonormal columns that span the complement S⊥, d × (d − m).
  public let complement: Matrix

  /// The linear function to be learned, w* = B*ᵀ v*.
  public let signal: [Double]

  /// The targets X w*, one for each example.
  public let targets: [Double]

  /// A problem made of given parts.
  ///
  /// The rows of `inputs` are expected to lie in the span of the columns of `span`, and the columns
  /// of `span` and `complement` together to be an orthonormal basis.
  ///
  /// - Precondition: all shapes agree.
  public init(
    truth: LinearModel, pretrained: LinearModel, inputs: Matrix, span: Matrix, complement: Matrix
  ) {
    let dimension = truth.dimension
    precondition(
      pretrained.dimension == dimension && pretrained.rank == truth.rank,
      "pretrained features \(pretrained.rank)×\(pretrained.dimension), true ones "
        + "\(truth.rank)×\(dimension)")
    precondition(
      inputs.columns == dimension && span.rows == dimension && complement.rows == dimension
        && span.columns + complement.columns == dimension,
      "inputs of \(inputs.columns) coordinates, span \(span.rows)×\(span.columns), complement "
        + "\(complement.rows)×\(complement.columns) in dimension \(dimension)")
    self.truth = truth
    self.pretrained = pretrained
    self.inputs = inputs
    self.span = span
    self.complement = complement
    signal = truth.weights
    targets = inputs.times(signal)
  }

  /// The random problem that belongs to `settings` and `seed`.
  ///
  /// True features, true head, span, inputs and head are drawn from generators of their own, so
  /// problems that differ only in ``LinearProblemSettings/distance`` share all of them. B₀ lies on
  /// the geodesic that leaves B* in a random direction of the Grassmann manifold, at the point where
  /// ‖B₀ − B*‖₂ is the asked distance: principal angles αᵢ proportional to the singular values of the
  /// direction, the largest with 2 sin(α/2) = distance.
  ///
  /// - Throws: ``LinearProblemError`` when the settings do not fit together, ``LinearAlgebraError``
  ///   when a decomposition does not converge.
  public init(_ settings: LinearProblemSettings, seed: UInt64) throws {
    try settings.validate()
    let (d, k, m) = (settings.dimension, settings.rank, settings.spanDimension)

    func generator(_ purpose: String) -> SeededGenerator {
      SeededGenerator(seed: seed, "linear theory: \(purpose)")
    }

    var draws = generator("true features")
    let trueFeatures = try Matrix.randomOrthonormal(rows: d, columns: k, using: &draws).transposed
    draws = generator("true head")
    let direction = draws.normals(k)
    let length = dot(direction, direction).squareRoot()
    let trueHead = direction.map { settings.signalNorm * $0 / length }

    draws = generator("direction of the pretrained features")
    let pretrainedFeatures = try Self.features(
      at: settings.distance, from: trueFeatures,
      towards: .normal(rows: k, columns: d, using: &draws))
    draws = generator("head")
    let head = draws.normals(k).map { settings.resolvedHeadScale * $0 }

    draws = generator("span")
    let basis = try Matrix.randomOrthogonal(d, using: &draws)
    let span = basis[columns: 0..<m]
    draws = generator("inputs")
    let coordinates = Matrix.normal(rows: settings.exampleCount, columns: m, using: &draws)

    self.init(
      truth: LinearModel(head: trueHead, features: trueFeatures),
      pretrained: LinearModel(head: head, features: pretrainedFeatures),
      inputs: coordinates.timesTransposed(span), span: span, complement: basis[columns: m..<d])
  }

  /// The head that fits the targets best on the pretrained features, by least squares (the one of
  /// least norm when several do), and those features unchanged: linear probing.
  ///
  /// - Throws: ``LinearAlgebraError`` when the decomposition does not converge.
  public func probed() throws(LinearAlgebraError) -> LinearModel {
    let features = inputs.timesTransposed(pretrained.features)
    let targets = Matrix(rows: targets.count, columns: 1, values: targets)
    let head = try features.leastSquares(targets).solution.values
    return LinearModel(head: head, features: pretrained.features)
  }

  /// Orthonormal rows at the spectral distance `distance` from the orthonormal rows of `features`,
  /// along the part of `direction` that leaves their span.
  private static func features(
    at distance: Double, from features: Matrix, towards direction: Matrix
  ) throws(LinearAlgebraError) -> Matrix {
    guard distance > 0 else { return features }
    let leaving = direction - direction.timesTransposed(features) * features
    let svd = try leaving.svd()
    guard let largest = svd.values.first, largest > 0 else { return features }
    let angles = svd.values.map { $0 / largest * 2 * asin(distance / 2) }
    var rotated = svd.u.transposedTimes(features)
    for row in 0..<rotated.rows {
      for column in 0..<rotated.columns {
        rotated[row, column] =
          cos(angles[row]) * rotated[row, column] + sin(angles[row]) * svd.vt[row, column]
      }
    }
    return svd.u * rotated
  }
}
