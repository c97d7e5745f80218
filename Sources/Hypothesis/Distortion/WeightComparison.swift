package import Geometry
package import LinearAlgebra
package import Randomness

/// The change of one layer's kernel, split by the span of the layer's ID inputs.
package struct WeightComparison {
  package let change: LayerChange
  let directions: [InputDirectionChange]

  package init(
    layer: String, ordinal: Int, isHead: Bool, isFirst: Bool, before: Matrix, after: Matrix,
    id: (name: String, inputs: InputMoment), ood: [(name: String, inputs: InputMoment)],
    pooled places: [Int]? = nil, counts: [Int], rotations: Int, generator: SeededGenerator,
    positions: Int? = nil,
    sampledPositions: Int? = nil, samplingError: Double? = nil
  ) throws {
    var pooled: InputMoment?
    for place in places ?? Array(ood.indices) {
      if pooled == nil { pooled = ood[place].inputs } else { try pooled?.merge(ood[place].inputs) }
    }
    let found = try id.inputs.principalDirections()
    let principal = try found.settled(
      rank: found.rank(.singleRounding), others: pooled, change: after - before)
    let rules =
      FeatureAngle.rules(counts: counts) + [("numerical rank", .numericalRank(.singleRounding))]
    let dimensions = rules.map { principal.subspace($0.rule).dimension }
    let split = try InputSideSplit(
      before: before, after: after, inputs: id.inputs, principal: principal,
      outOfDistribution: pooled, dimensions: dimensions, rotations: rotations, generator: generator)
    let rank = split.span.dimension
    let delta = after - before

    func visible(_ inputs: InputMoment) -> Measurement {
      let initial = inputs.meanSquaredOutput(of: before)
      return Measurement(
        Measured(
          inputs.meanSquaredOutput(of: delta), over: initial,
          otherwise: "the layer's outputs before are zero"))
    }
    let width = before.rows
    let full = "the ID inputs span all \(width) dimensions"
    change = LayerChange(
      layer: layer, ordinal: ordinal, isHead: isHead, isFirst: isFirst, fanIn: width,
      rank: rank, weightNorm: split.initialNorm, changeNorm: split.changeNorm,
      insideChange: Measurement(
        Measured(
          split.insideNorm, over: split.initialInsideNorm,
          otherwise: "the weights before are zero in the span")),
      orthogonalChange: rank == width
        ? Measurement(undefined: full)
        : Measurement(
          Measured(
            split.orthogonalNorm, over: split.initialOrthogonalNorm,
            otherwise: "the weights before are zero outside the span")),
      orthogonalShare: rank == width
        ? Measurement(undefined: full)
        : Measurement(
          split.orthogonalRatio,
          null: (Double(width - rank) / Double(width)).squareRoot()),
      spans: zip(rules, split.shares).map { rule, share in
        if case .count(let wanted) = rule.rule, wanted > share.dimension {
          return SpanShare(
            rule: rule.name, directions: wanted,
            share: Measurement(
              undefined: "\(wanted) directions are beyond the rank \(rank) of the ID inputs"))
        }
        return SpanShare(
          rule: rule.name, directions: share.dimension,
          share: Measurement(
            share.share, interval: share.null.map { ($0.quantiles.lower, $0.quantiles.upper) },
            null: share.null?.mean))
      },
      visible: [VisibleChange(set: id.name, isID: true, measurement: visible(id.inputs))]
        + ood.map {
          VisibleChange(set: $0.name, isID: false, measurement: visible($0.inputs))
        },
      rankCorrelation: Measurement(
        rankCorrelation(
          split.directions.prefix(rank).map(\.inputEnergy),
          split.directions.prefix(rank).map(\.change)), null: 0),
      positions: positions, sampledPositions: sampledPositions,
      samplingError: samplingError)
    let oodEnergies = pooled.map { $0.energies(along: principal.vectors) }
    directions = split.directions.map { direction in
      InputDirectionChange(
        layer: layer, direction: direction.index + 1, idEnergy: direction.inputEnergy,
        oodEnergy: oodEnergies?[direction.index] ?? 0, change: direction.change,
        relativeChange: Measurement(direction.relativeChange))
    }
  }
}

extension Measurement {
  /// A value of `Geometry`, or its reason for there being none.
  init(_ measured: Measured, interval: (lower: Double, upper: Double)? = nil, null: Double? = nil) {
    switch measured {
    case .value(let value): self.init(value, interval: interval, null: null)
    case .undefined(let reason): self.init(undefined: reason)
    }
  }

  /// A value of `Geometry` with its interval.
  init(_ estimate: Estimate, null: Double? = nil) {
    self.init(
      estimate.value, interval: estimate.interval.map { ($0.lower, $0.upper) }, null: null)
  }
}
