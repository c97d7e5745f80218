import Reports

/// The claims about where ΔW lies.
package enum WeightClaims {
  /// How large a part of ‖W₀‖ + ‖ΔW‖ may lie outside the span of the inputs and still count as
  /// rounding, for checkpoints of our own training: weights there are rounded to Float32 once.
  package static let ownRounding = 1e-6

  /// The same for checkpoints of others, whose weights were rounded at every one of perhaps 10⁵ updates.
  package static let foreignRounding = 1e-5

  /// The exact claim about the first layer.
  ///
  /// - Parameters:
  ///   - layers: The first layer of each pair of networks compared.
  ///   - rounding: How large a part of ‖W₀‖ + ‖ΔW‖ counts as rounding.
  ///   - optimizerKeepsSpan: Whether the optimizer is known to be gradient descent without decay;
  ///     `nil` when nothing is known of it.
  package static func firstLayer(
    _ layers: [LayerChange], rounding: Double, optimizerKeepsSpan: Bool?, optimizerName: String
  ) -> Claim {
    func claim(_ verdict: Verdict, _ evidence: String) -> Claim {
      Claim(
        name: "first-layer-weights",
        statement: "The first layer changes only within the span of its ID inputs "
          + "(exact for gradient descent without weight decay).",
        verdict: verdict, evidence: evidence)
    }
    if optimizerKeepsSpan == false {
      return claim(
        .notTestable, "the optimizer was \(optimizerName), whose updates leave the span")
    }
    let moved = layers.filter { $0.changeNorm > 0 }
    guard !moved.isEmpty else { return claim(.notTestable, "the first layer did not change") }
    let tested = moved.filter { $0.rank < $0.fanIn }
    guard !tested.isEmpty else {
      return claim(
        .notTestable,
        "the ID inputs of \(moved[0].layer) span all \(moved[0].fanIn) dimensions, "
          + "so nothing is orthogonal to them")
    }
    let shares = tested.compactMap(\.orthogonalShare.value)
    let largest = shares.max() ?? 0
    let null = tested.compactMap(\.orthogonalShare.null).min() ?? 0
    let ofWeights = tested.map { layer in
      (layer.orthogonalShare.value ?? 0) * layer.changeNorm
        / max(layer.weightNorm, .leastNonzeroMagnitude)
    }
    let evidence =
      "‖ΔW⊥‖ is at most \(NumberText.significant(largest, digits: 2)) of ‖ΔW‖ (by chance "
      + "\(NumberText.significant(null, digits: 2))) and "
      + "\(NumberText.significant(ofWeights.max() ?? 0, digits: 2)) of ‖W‖ (one rounding: 3e-08); "
      + "the ID inputs have rank \(ranks(tested)) of \(tested[0].fanIn); "
      + "\(tested.count) comparison\(tested.count == 1 ? "" : "s")"
    let areRounding = tested.map { layer in
      let outside = (layer.orthogonalShare.value ?? 0) * layer.changeNorm
      return outside <= rounding * (layer.weightNorm + layer.changeNorm)
    }
    if areRounding.allSatisfy({ $0 }) { return claim(.supported, evidence) }
    if optimizerKeepsSpan == nil {
      return claim(
        .notTestable, evidence + "; the checkpoint does not say which optimizer changed it")
    }
    return claim(areRounding.contains(true) ? .mixed : .unsupported, evidence)
  }

  /// The soft claim about deeper layers: change concentrates in the leading directions of the ID
  /// inputs, beyond what a random rotation of those directions would catch.
  package static func deeperLayers(_ layers: [LayerChange]) -> Claim {
    func claim(_ verdict: Verdict, _ evidence: String) -> Claim {
      Claim(
        name: "deeper-weights",
        statement: "Deeper layers change more in the leading directions of their ID inputs than a "
          + "random rotation would give.",
        verdict: verdict, evidence: evidence)
    }
    let spans = layers.filter { $0.changeNorm > 0 }.flatMap { layer in
      layer.spans.filter { $0.rule == SpanShare.judged && $0.directions < layer.fanIn }
        .map { (layer, $0) }
    }
    guard !spans.isEmpty else { return claim(.notTestable, "no deeper layer that changed") }
    let above = spans.count { _, span in (span.share.value ?? 0) > span.share.upper ?? 1 }
    let below = spans.count { _, span in (span.share.value ?? 1) < span.share.lower ?? 0 }
    let names = unique(spans.map(\.0.layer))
    let details = names.prefix(6).map { name in
      let own = spans.filter { $0.0.layer == name }.map(\.1)
      let share = own.compactMap(\.share.value).reduce(0, +) / Double(own.count)
      let null = own.compactMap(\.share.null).reduce(0, +) / Double(own.count)
      return "\(name) \(NumberText.percent(share)) (by chance \(NumberText.percent(null)))"
    }
    let rest = names.count > 6 ? ", and \(names.count - 6) more" : ""
    let evidence =
      "above the 97.5 % quantile of random rotations in \(above) of \(spans.count); ‖ΔW‖² in the "
      + "directions of \(SpanShare.judged): " + details.joined(separator: ", ") + rest
    let verdict: Verdict =
      above == spans.count ? .supported : below == spans.count ? .unsupported : .mixed
    return claim(verdict, evidence)
  }

  private static func ranks(_ layers: [LayerChange]) -> String {
    let ranks = layers.map(\.rank)
    guard let low = ranks.min(), let high = ranks.max() else { return "" }
    return low == high ? "\(low)" : "\(low)–\(high)"
  }

  private static func unique(_ names: [String]) -> [String] {
    var seen: Set<String> = []
    return names.filter { seen.insert($0).inserted }
  }
}
