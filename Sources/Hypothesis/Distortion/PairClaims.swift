import Reports

/// The claims that one pair of checkpoints can bear on; those about accuracy of linear probes and
/// fine-tuning need an experiment (``Verification``).
///
/// Intervals are over examples: they say what other examples would show, not what another
/// fine-tuning run would.
public struct PairClaims {
  let distortion: Distortion
  let heads: [HeadComparison]
  let optimizerKeepsSpan: Bool?
  let optimizerName: String

  /// - Parameters:
  ///   - optimizerKeepsSpan: Whether the network after was made by gradient descent without weight
  ///     decay; `nil` when nothing is known of it.
  ///   - optimizerName: The optimizer in words.
  public init(
    distortion: Distortion, heads: [HeadComparison], optimizerKeepsSpan: Bool?,
    optimizerName: String
  ) {
    self.distortion = distortion
    self.heads = heads
    self.optimizerKeepsSpan = optimizerKeepsSpan
    self.optimizerName = optimizerName
  }

  /// Every claim, in the order of the theory.
  public var all: [Claim] { [firstLayer, deeperLayers] + features + mismatched }

  private var firstLayer: Claim {
    WeightClaims.firstLayer(
      distortion.layers.filter(\.isFirst), rounding: WeightClaims.foreignRounding,
      optimizerKeepsSpan: optimizerKeepsSpan, optimizerName: optimizerName)
  }

  private var deeperLayers: Claim {
    WeightClaims.deeperLayers(distortion.layers.filter { !$0.isFirst && !$0.isHead })
  }

  private var features: [Claim] {
    distortion.oodNames.map { ood in
      let comparisons = distortion.contrasts.filter { $0.ood == ood }.map { contrast in
        let difference = contrast.difference
        func text(_ value: Double) -> String { NumberText.significant(value, digits: 3) }
        let interval = difference.lower.flatMap { lower in
          difference.upper.map { (lower: lower, upper: $0) }
        }
        let range = interval.map { " [\(text($0.lower)), \(text($0.upper))]" } ?? ""
        return FeatureClaim.Comparison(
          measure: contrast.measure,
          text: difference.value.map { text($0) + range } ?? difference.reason ?? "undefined",
          interval: interval)
      }
      var claim = FeatureClaim.claim(comparisons, ood: ood)
      if distortion.oodNames.count > 1 { claim.name += " (\(ood))" }
      return claim
    }
  }

  private var mismatched: [Claim] {
    let tested = heads.filter { !$0.isID }
    return tested.map { outcome in
      var claim = RefitClaim.claim(kept: outcome.kept, gained: outcome.gained, ood: outcome.set)
      if tested.count > 1 { claim.name += " (\(outcome.set))" }
      return claim
    }
  }
}

extension Distortion {
  /// The names of the OOD sets, in order.
  var oodNames: [String] {
    var names: [String] = []
    for row in features where !row.isID && !names.contains(row.set) { names.append(row.set) }
    return names
  }
}
