public import LinearAlgebra
public import Randomness

/// Where the change of a layer's matrix lies, seen from the layer's inputs.
///
/// W is fanIn × outputs, as Keras stores kernels, and gives Wᵀa for an input a. With P the projection
/// onto the span of the inputs, ΔW = PΔW + (I − P)ΔW. Gradient descent (any batch size, with or
/// without momentum, no weight decay) moves W only inside the span of the inputs it saw, so
/// ‖(I − P)ΔW‖ is zero to rounding: about 1e-7 of ‖ΔW‖ for weights stored in Float32. For the first
/// layer those are the training inputs; for deeper layers the inputs drift during training, usually
/// fill the space, and only the shares in their leading directions say anything.
public struct InputSideSplit: Sendable {
  /// What happened along one principal direction u of the inputs.
  public struct Direction: Equatable, Sendable {
    /// The place of the direction, 0 for the one with the most energy.
    public let index: Int

    /// The inputs' energy E[(uᵀa)²] along it.
    public let inputEnergy: Double

    /// ‖ΔWᵀu‖.
    public let change: Double

    /// ‖W₀ᵀu‖.
    public let initial: Double

    /// ‖ΔWᵀu‖ / ‖W₀ᵀu‖; undefined when W₀ᵀu is zero.
    public let relativeChange: Measured
  }

  /// The share of ‖ΔW‖² in the leading k directions of the inputs.
  public struct Share: Sendable {
    /// How many directions.
    public let dimension: Int

    /// ‖PΔW‖² / ‖ΔW‖²; undefined when nothing changed.
    public let share: Measured

    /// The share of the inputs' energy in the same directions.
    public let inputEnergyShare: Measured

    /// The share in a subspace of that dimension without relation to the change: mean k/d and
    /// quantiles; `nil` when nothing changed.
    public let null: RotationNull?
  }

  /// What a set of inputs sees of the change.
  public struct Visibility: Equatable, Sendable {
    /// E‖ΔWᵀa‖².
    public let change: Double

    /// E‖W₀ᵀa‖².
    public let initial: Double

    /// The ratio of the two; undefined when the outputs before are zero.
    public let ratio: Measured
  }

  /// The number of coordinates of an input, the bias coordinate included.
  public let width: Int

  /// The number of outputs.
  public let outputs: Int

  /// The span of the ID inputs, with the rule that chose it.
  public let span: Subspace

  /// ‖W₀‖.
  public let initialNorm: Double

  /// ‖ΔW‖.
  public let changeNorm: Double

  /// ‖PΔW‖, the part inside the span.
  public let insideNorm: Double

  /// ‖(I − P)ΔW‖, the part orthogonal to the span.
  public let orthogonalNorm: Double

  /// ‖PW₀‖ and ‖(I − P)W₀‖.
  public let initialInsideNorm, initialOrthogonalNorm: Double

  /// ‖(I − P)ΔW‖ / ‖ΔW‖; undefined when nothing changed.
  public let orthogonalRatio: Measured

  /// ‖ΔW‖ / ‖W₀‖; undefined when W₀ is zero.
  public let relativeChange: Measured

  /// The singular values of ΔW, largest first.
  public let changeSingularValues: [Double]

  /// The share in the whole span, with its null.
  public let spanShare: Share

  /// The shares in the leading directions asked for.
  public let shares: [Share]

  /// Every principal direction of the ID inputs.
  public let directions: [Direction]

  /// What the ID inputs see of the change.
  public let inDistribution: Visibility

  /// What the OOD inputs see of the change; `nil` without them.
  public let outOfDistribution: Visibility?

  /// Splits the change from `before` to `after`.
  ///
  /// - Parameters:
  ///   - before: W₀, one row per input (and the bias as a last row, when the inputs include it; see
  ///     ``foldingBias(_:into:)``).
  ///   - after: W₁, of the same shape.
  ///   - inputs: the moment of the ID inputs.
  ///   - principal: its directions, where they are known already.
  ///   - outOfDistribution: the moment of the OOD inputs.
  ///   - rule: the rule for ``span``.
  ///   - dimensions: the numbers of leading directions for ``shares``; those beyond the width are
  ///     left out.
  ///   - rotations: how many random rotations each null draws.
  ///   - generator: where they are drawn from.
  /// - Throws: ``GeometryError`` when widths differ, there are no inputs, or a weight is not finite.
  /// - Precondition: `before` and `after` have the same shape; `dimensions` are not negative.
  public init(
    before: Matrix, after: Matrix, inputs: InputMoment, principal: PrincipalDirections? = nil,
    outOfDistribution: InputMoment? = nil,
    rule: SubspaceRule = .numericalRank(.singleRounding), dimensions: [Int] = [],
    rotations: Int = 200, generator: SeededGenerator
  ) throws(GeometryError) {
    precondition(
      before.rows == after.rows && before.columns == after.columns,
      "\(before.rows)×\(before.columns) before, \(after.rows)×\(after.columns) after")
    precondition(dimensions.allSatisfy { $0 >= 0 }, "a negative number of directions")
    guard before.rows == inputs.width else {
      throw .widths(expected: before.rows, found: inputs.width)
    }
    if let other = outOfDistribution, other.width != inputs.width {
      throw .widths(expected: inputs.width, found: other.width)
    }
    try before.checkFinite(side: "before", offset: 0)
    try after.checkFinite(side: "after", offset: 0)
    let change = after - before
    let known = principal
    let principal: PrincipalDirections
    if let known { principal = known } else { principal = try inputs.principalDirections() }
    let span = principal.subspace(rule)
    let singularValues = try convertingErrors { () throws(LinearAlgebraError) in
      try change.singularValues()
    }
    width = before.rows
    outputs = before.columns
    self.span = span
    initialNorm = before.frobeniusNorm
    changeNorm = change.frobeniusNorm
    let changesAlong = principal.vectors.transposedTimes(change).rowSquaredNorms
    let initialAlong = principal.vectors.transposedTimes(before).rowSquaredNorms
    if principal.fromSecondMoment {
      // All directions are there: the parts are sums over them.
      func norms(_ squares: [Double]) -> (inside: Double, orthogonal: Double) {
        (
          squares.prefix(span.dimension).reduce(0, +).squareRoot(),
          squares.dropFirst(span.dimension).reduce(0, +).squareRoot()
        )
      }
      (insideNorm, orthogonalNorm) = norms(changesAlong)
      (initialInsideNorm, initialOrthogonalNorm) = norms(initialAlong)
    } else {
      let (parts, initial) = (span.split(change), span.split(before))
      (insideNorm, orthogonalNorm) = (parts.inside.frobeniusNorm, parts.orthogonal.frobeniusNorm)
      (initialInsideNorm, initialOrthogonalNorm) = (
        initial.inside.frobeniusNorm, initial.orthogonal.frobeniusNorm
      )
    }
    orthogonalRatio = Measured(orthogonalNorm, over: changeNorm, otherwise: "nothing changed")
    relativeChange = Measured(
      changeNorm, over: initialNorm, otherwise: "the matrix before is zero")
    changeSingularValues = singularValues

    directions = principal.energies.indices.map { index in
      let (moved, initial) = (changesAlong[index].squareRoot(), initialAlong[index].squareRoot())
      return Direction(
        index: index, inputEnergy: principal.energies[index], change: moved, initial: initial,
        relativeChange: Measured(
          moved, over: initial, otherwise: "the matrix before is zero along the direction"))
    }

    let width = before.rows
    let totalChange = changesAlong.reduce(0, +)
    let totalEnergy = principal.energies.reduce(0, +)
    func share(_ dimension: Int) throws(GeometryError) -> Share {
      Share(
        dimension: dimension,
        share: Measured(
          changesAlong.prefix(dimension).reduce(0, +), over: totalChange,
          otherwise: "nothing changed"),
        inputEnergyShare: Measured(
          principal.energies.prefix(dimension).reduce(0, +), over: totalEnergy,
          otherwise: "the inputs are zero"),
        null: try RotationNull(
          singularValues: singularValues, dimension: dimension, ambientDimension: width,
          rotations: rotations, generator: generator))
    }
    spanShare = try share(span.dimension)
    var shares: [Share] = []
    for dimension in dimensions where dimension <= width { shares.append(try share(dimension)) }
    self.shares = shares

    inDistribution = Visibility(change: change, before: before, inputs: inputs)
    self.outOfDistribution = outOfDistribution.flatMap { inputs in
      inputs.count > 0 ? Visibility(change: change, before: before, inputs: inputs) : nil
    }
  }

  /// The matrix with the bias as a last row: the matrix of a layer whose inputs have a further
  /// coordinate that is 1.
  ///
  /// - Precondition: one bias per output.
  public static func foldingBias(_ bias: [Double], into matrix: Matrix) -> Matrix {
    precondition(bias.count == matrix.columns, "\(bias.count) biases, \(matrix.columns) outputs")
    return matrix.appendingRows(of: Matrix(rows: 1, columns: bias.count, values: bias))
  }
}

extension InputSideSplit.Visibility {
  init(change: Matrix, before: Matrix, inputs: InputMoment) {
    self.change = inputs.meanSquaredOutput(of: change)
    initial = inputs.meanSquaredOutput(of: before)
    ratio = Measured(self.change, over: initial, otherwise: "the outputs before are zero")
  }
}
