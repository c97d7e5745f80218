import Foundation
import Geometry
import Hypothesis
import Testing

@Suite struct ClaimTests {
  // MARK: Intervals

  @Test func `a verdict on positive differences asks every interval`() {
    #expect(Verdict.ofPositive([]) == .notTestable)
    #expect(Verdict.ofPositive([(0.1, 0.3), (0.001, 2)]) == .supported)
    #expect(Verdict.ofPositive([(0.1, 0.3), (-0.001, 2)]) == .mixed)
    #expect(Verdict.ofPositive([(0.1, 0.3), (0, 2)]) == .mixed)
    #expect(Verdict.ofPositive([(-2, -0.1), (-0.3, -0.001)]) == .unsupported)
    #expect(Verdict.ofPositive([(-2, -0.1), (-0.3, 0)]) == .mixed)
    #expect(Verdict.ofPositive([(-2, -1), (1, 2)]) == .mixed)
  }

  @Test func `a paired difference has the t interval of its mean`() throws {
    let difference = PairedDifference([0.01, 0.03])
    #expect(abs(difference.mean - 0.02) < 1e-15)
    // s = √2 · 0.01, so half the interval is t₁(0.975) · 0.01.
    let interval = try #require(difference.interval)
    #expect(abs(interval.upper - 0.02 - 0.12706204736) < 1e-10)
    #expect(difference.points == "+2.0 [−10.7, +14.7] points, positive in 2/2")
    #expect(PairedDifference([0.5]).intervals.isEmpty)
    #expect(PairedDifference([0.5]).points == "+50.0 points, positive in 1/1")
    #expect(PairedDifference([]).points == "not measured")
  }

  // MARK: Weights

  /// A layer whose change lies outside the span by `share`.
  private func layer(
    share: Double?, rank: Int = 4, change: Double = 1, isFirst: Bool = true, isHead: Bool = false,
    leading: Double = 0.9, rotations: (Double, Double) = (0.3, 0.5), name: String = "layer"
  ) throws -> LayerChange {
    let text = """
      {"layer": "\(name)", "ordinal": 1, "isHead": \(isHead), "isFirst": \(isFirst), "fanIn": 10,
       "rank": \(rank), "weightNorm": 1, "changeNorm": \(change), "insideChange": {"value": 1},
       "orthogonalChange": {}, "orthogonalShare": \(
         share.map { "{\"value\": \($0), \"null\": 0.77}" } ?? "{\"reason\": \"none\"}"),
       "spans": [{"rule": "90 % of the energy", "directions": 3, "share":
         {"value": \(leading), "null": 0.4, "lower": \(rotations.0), "upper": \(rotations.1)}}],
       "visible": []}
      """
    return try JSONDecoder().decode(LayerChange.self, from: Data(text.utf8))
  }

  private func firstLayer(_ layers: [LayerChange], keepsSpan: Bool? = true) -> Claim {
    WeightClaims.firstLayer(
      layers, rounding: WeightClaims.ownRounding, optimizerKeepsSpan: keepsSpan,
      optimizerName: "Adam")
  }

  @Test func `a first layer that kept to the span to rounding supports the exact claim`() throws {
    let clean = try layer(share: 1e-7)
    let broken = try layer(share: 1e-3)
    #expect(firstLayer([clean, clean]).verdict == .supported)
    #expect(firstLayer([clean, broken]).verdict == .mixed)
    #expect(firstLayer([broken]).verdict == .unsupported)
    // Rounding is that of ‖W₀‖ + ‖ΔW‖: a small change may lie outside by a larger share of itself.
    #expect(try firstLayer([layer(share: 0.01, change: 1e-5)]).verdict == .supported)
    #expect(try firstLayer([layer(share: 1.9e-6)]).verdict == .supported)
    #expect(try firstLayer([layer(share: 2.1e-6)]).verdict == .unsupported)
  }

  @Test func `the exact claim is not testable without its premises, and says which`() throws {
    let clean = try layer(share: 1e-7)
    let broken = try layer(share: 0.5)
    let adam = firstLayer([clean], keepsSpan: false)
    #expect(adam.verdict == .notTestable)
    #expect(adam.evidence == "the optimizer was Adam, whose updates leave the span")
    #expect(firstLayer([clean], keepsSpan: nil).verdict == .supported)
    let unknown = firstLayer([broken], keepsSpan: nil)
    #expect(unknown.verdict == .notTestable)
    #expect(unknown.evidence.hasSuffix("does not say which optimizer changed it"))
    let still = try firstLayer([layer(share: nil, change: 0)])
    #expect(still.verdict == .notTestable && still.evidence == "the first layer did not change")
    let full = try firstLayer([layer(share: nil, rank: 10)])
    #expect(full.verdict == .notTestable)
    #expect(full.evidence.hasPrefix("the ID inputs of layer span all 10 dimensions"))
    #expect(firstLayer([]).verdict == .notTestable)
  }

  @Test func `deeper layers are judged against random rotations`() throws {
    let above = try layer(share: nil, isFirst: false, leading: 0.9, name: "a")
    let within = try layer(share: nil, isFirst: false, leading: 0.45, name: "b")
    let below = try layer(share: nil, isFirst: false, leading: 0.2, name: "c")
    #expect(WeightClaims.deeperLayers([above, above]).verdict == .supported)
    #expect(WeightClaims.deeperLayers([above, within]).verdict == .mixed)
    #expect(WeightClaims.deeperLayers([within]).verdict == .mixed)
    #expect(WeightClaims.deeperLayers([below, below]).verdict == .unsupported)
    #expect(WeightClaims.deeperLayers([above, below]).verdict == .mixed)
    #expect(WeightClaims.deeperLayers([]).verdict == .notTestable)
    let still = try layer(share: nil, change: 0, isFirst: false)
    #expect(WeightClaims.deeperLayers([still]).verdict == .notTestable)
    #expect(
      WeightClaims.deeperLayers([above, within]).evidence.contains(
        "above the 97.5 % quantile of random rotations in 1 of 2"))
  }

  // MARK: Features and heads

  private func features(_ intervals: [(Double, Double)?]) -> Claim {
    FeatureClaim.claim(
      zip(FeatureMeasure.displacements, intervals).map {
        .init(measure: $0, text: "x", interval: $1.map { (lower: $0.0, upper: $0.1) })
      }, ood: "OOD")
  }

  @Test func `a claim about features is supported only when the measures agree`() {
    #expect(features([(1, 2), (1, 2), (1, 2), (1, 2)]).verdict == .supported)
    #expect(features([(1, 2), (1, 2), (-2, -1), (1, 2)]).verdict == .mixed)
    #expect(features([(1, 2), (1, 2), (-1e-9, 1), (1, 2)]).verdict == .mixed)
    #expect(features([(-2, -1), (-2, -1), (-2, -1), (-2, -1)]).verdict == .unsupported)
    #expect(features([(1, 2), nil, (1, 2), nil]).verdict == .supported)
    #expect(features([nil, nil, nil, nil]).verdict == .notTestable)
    #expect(features([(0, 0), (0, 0), (0, 0), (-1e-16, 1e-16)]).verdict == .notTestable)
  }

  @Test func `re-fitted heads tell damage from mismatch`() {
    func verdict(_ kept: [Double], _ gained: [Double]) -> Verdict {
      RefitClaim.claim(
        kept: PairedDifference(kept), gained: PairedDifference(gained), ood: "OOD"
      ).verdict
    }
    let (kept, gained) = ([0.0, 0.001, -0.001, 0.0], [0.1, 0.11, 0.09, 0.1])
    #expect(verdict(kept, gained) == .supported)
    let lost = [-0.1, -0.11, -0.09, -0.1]
    #expect(verdict(lost, kept) == .unsupported)
    // Damaged and mismatched at once.
    #expect(verdict(lost, gained) == .mixed)
    #expect(verdict(kept, kept) == .mixed)
    #expect(verdict(kept, [0.1, -0.1, 0.05, -0.05]) == .mixed)
    #expect(verdict([-0.02, 0.01, -0.03, 0.02], gained) == .mixed)
    #expect(verdict(kept, []) == .notTestable)
    #expect(verdict([0.0], [0.1]) == .notTestable)
  }

  // MARK: Experiments

  /// Seeds in which LP, FT, LP-FT and oracle-stopped FT have the given accuracies on ID and OOD, each
  /// a little different from seed to seed.
  private func claims(
    lp: (Double, Double), ft: (Double, Double), lpft: (Double, Double), stopped: Double,
    seeds: Int = 4, spread: Double = 0.001
  ) throws -> [String: Claim] {
    let outcomes = try (0..<seeds).map { seed in
      func method(_ name: String, _ id: Double?, _ ood: Double, refitted: Double?) -> String {
        let shift = spread * Double(seed % 2)
        let sets =
          (id.map { ["{\"set\": \"ID\", \"isID\": true, \"examples\": 10, \"accuracy\": \($0)}"] }
            ?? [])
          + ["{\"set\": \"far\", \"isID\": false, \"examples\": 10, \"accuracy\": \(ood + shift)}"]
        return "{\"method\": \"\(name)\", \"accuracies\": [\(sets.joined(separator: ","))]"
          + (refitted.map { ", \"refittedAccuracy\": \($0)}" } ?? "}")
      }
      let text = """
        {"seed": \(seed), "methods": [\(method("LP", lp.0, lp.1, refitted: 0.9)),
          \(method("FT", ft.0 + spread * Double(seed % 2), ft.1 - spread * Double(seed % 3),
            refitted: 0.9 + spread * Double(seed % 2))),
          \(method("LP-FT", lpft.0, lpft.1, refitted: 0.9)),
          \(method("FT, oracle stop", nil, stopped - spread * Double(seed % 3), refitted: nil))]}
        """
      return try JSONDecoder().decode(SeedOutcome.self, from: Data(text.utf8))
    }
    let all = ExperimentClaims(
      outcomes: outcomes, primaryOOD: "far", optimizerKeepsSpan: true, optimizerName: "SGD"
    ).all
    return Dictionary(uniqueKeysWithValues: all.map { ($0.name, $0) })
  }

  @Test func `the picture of the paper supports every claim about accuracy`() throws {
    let claims = try claims(lp: (0.9, 0.8), ft: (0.95, 0.6), lpft: (0.96, 0.82), stopped: 0.7)
    for name in [
      "ft-better-on-id", "lp-better-on-ood", "lp-ft-at-least-as-good",
      "early-stopping-does-not-repair", "mismatched-not-damaged",
    ] {
      #expect(claims[name]?.verdict == .supported, "\(name)")
    }
    #expect(claims["first-layer-weights"]?.verdict == .notTestable)
    #expect(claims["deeper-weights"]?.verdict == .notTestable)
    #expect(claims["features"]?.verdict == .notTestable)
    #expect(claims.keys.sorted() == Claim.experimentClaimNames.sorted())
  }

  @Test func `the opposite picture supports none`() throws {
    let claims = try claims(lp: (0.95, 0.6), ft: (0.9, 0.8), lpft: (0.5, 0.4), stopped: 0.85)
    for name in [
      "ft-better-on-id", "lp-better-on-ood", "lp-ft-at-least-as-good",
      "early-stopping-does-not-repair",
    ] {
      #expect(claims[name]?.verdict == .unsupported, "\(name)")
    }
  }

  @Test func `LP-FT may fall short by less than a point and not by more`() throws {
    func verdict(_ id: Double) throws -> Verdict? {
      try claims(
        lp: (0.9, 0.8), ft: (0.9, 0.6), lpft: (id, 0.82), stopped: 0.7, spread: 1e-5)[
          "lp-ft-at-least-as-good"]?.verdict
    }
    #expect(try verdict(0.895) == .supported)
    #expect(try verdict(0.885) == .mixed)
  }

  @Test func `seeds that differ more than the methods leave a claim mixed`() throws {
    let claims = try claims(
      lp: (0.9, 0.8), ft: (0.9001, 0.7999), lpft: (0.9, 0.8), stopped: 0.7999, spread: -0.01)
    #expect(claims["ft-better-on-id"]?.verdict == .mixed)
    #expect(claims["lp-better-on-ood"]?.verdict == .mixed)
  }

  @Test func `one seed has no interval, so nothing is testable`() throws {
    let claims = try claims(
      lp: (0.9, 0.8), ft: (0.95, 0.6), lpft: (0.96, 0.82), stopped: 0.7, seeds: 1)
    #expect(claims.values.allSatisfy { $0.verdict == .notTestable })
  }
}
