/// A measure of two feature sets of the same examples.
public enum SimilarityMeasure: String, CaseIterable, Codable, Sendable {
  case ckaDebiased = "cka-debiased"
  case ckaBiased = "cka-biased"
  case ckaMinibatch = "cka-minibatch"
  case ckaRadial = "cka-rbf"
  case ckaRadialDebiased = "cka-rbf-debiased"
  case ccaMean = "cca-mean"
  case ccaSquared = "cca-r2"
  case svcca
  case pwccaBefore = "pwcca-before"
  case pwccaAfter = "pwcca-after"
  case explainedBefore = "linear-r2-before"
  case explainedAfter = "linear-r2-after"
  case procrustes = "procrustes"
  case procrustesNormalised = "procrustes-normalised"
  case angularShape = "angular-shape"
  case largestAngle = "largest-angle"
  case meanAngle = "mean-angle"
  case grassmannGeodesic = "grassmann-geodesic"
  case grassmannChordal = "grassmann-chordal"
  case subspaceOverlap = "subspace-overlap"
  case neighbourOverlap = "knn-overlap"
  case representationalSimilarity = "rsa"
  case meanSquare = "mean-square"
  case meanDistance = "mean-distance"
  case relativeChange = "relative-change"
  case cosineDistance = "cosine-distance"
  case afterRotation = "after-rotation"
  case afterRotationAndScale = "after-rotation-and-scale"
  case meanShift = "mean-shift"
  case rankMeBefore = "rankme-before"
  case rankMeAfter = "rankme-after"
  case effectiveRankBefore = "effective-rank-before"
  case effectiveRankAfter = "effective-rank-after"
  case participationBefore = "participation-ratio-before"
  case participationAfter = "participation-ratio-after"
  case stableRankBefore = "stable-rank-before"
  case stableRankAfter = "stable-rank-after"
  case collapseBefore = "nc1-before"
  case collapseAfter = "nc1-after"
  case equinormBefore = "nc2-norms-before"
  case equinormAfter = "nc2-norms-after"
  case equiangularityBefore = "nc2-angles-before"
  case equiangularityAfter = "nc2-angles-after"
  case selfDualityBefore = "nc3-before"
  case selfDualityAfter = "nc3-after"
  case disagreementBefore = "nc4-before"
  case disagreementAfter = "nc4-after"
}

extension SimilarityMeasure {
  /// Groups of measures, by the name that selects them all; also the names of their documentation.
  public enum Family: String, CaseIterable, Sendable {
    case cka, cca, regression, procrustes, angles, neighbours, rsa, displacement, rank
    case collapse = "neural-collapse"
  }

  /// The group the measure belongs to.
  public var family: Family {
    switch self {
    case .ckaDebiased, .ckaBiased, .ckaMinibatch, .ckaRadial, .ckaRadialDebiased: .cka
    case .ccaMean, .ccaSquared, .svcca, .pwccaBefore, .pwccaAfter: .cca
    case .explainedBefore, .explainedAfter: .regression
    case .procrustes, .procrustesNormalised, .angularShape: .procrustes
    case .largestAngle, .meanAngle, .grassmannGeodesic, .grassmannChordal, .subspaceOverlap: .angles
    case .neighbourOverlap: .neighbours
    case .representationalSimilarity: .rsa
    case .meanSquare, .meanDistance, .relativeChange, .cosineDistance, .afterRotation,
      .afterRotationAndScale, .meanShift:
      .displacement
    case .rankMeBefore, .rankMeAfter, .effectiveRankBefore, .effectiveRankAfter,
      .participationBefore, .participationAfter, .stableRankBefore, .stableRankAfter:
      .rank
    default: .collapse
    }
  }

  /// The formula and convention, in a sentence.
  public var convention: String {
    switch self {
    case .ckaDebiased: "linear, centred, unbiased HSIC of Song et al. 2012 throughout"
    case .ckaBiased: "linear, centred, Kornblith et al. 2019; depends on n"
    case .ckaMinibatch: "Σ of unbiased HSIC over batches, then the ratio; linear"
    case .ckaRadial:
      "exp(−d²/(2·0.5²·median d²)), median over the n×n matrix with its zeros; biased"
    case .ckaRadialDebiased: "the same kernel, unbiased HSIC"
    case .ccaMean: "mean canonical correlation; 1 as soon as the ranks add up to n"
    case .ccaSquared: "Σρ²/min(rank before, rank after), centred"
    case .svcca: "mean correlation of the fewest directions with 99 % of Σσ² on each side"
    case .pwccaBefore: "weights Σ|hᵢ·xⱼ| from the centred features before"
    case .pwccaAfter: "weights Σ|hᵢ·yⱼ| from the centred features after"
    case .explainedBefore: "share of the variance before that is linear in the features after"
    case .explainedAfter: "share of the variance after that is linear in the features before"
    case .procrustes: "least ‖X−YQ‖² over rotations, centred, summed over examples"
    case .procrustesNormalised: "least ‖X/‖X‖−YQ/‖Y‖‖², in [0, 2]"
    case .angularShape: "arccos ‖XᵀY‖∗/(‖X‖‖Y‖), radians"
    case .largestAngle, .meanAngle, .grassmannGeodesic, .grassmannChordal:
      "radians (chordal: √Σsin²), between the spans of 90 % of the centred energy in feature space, "
        + "the smaller dimension for both"
    case .subspaceOverlap: "‖UᵀV‖²/k of the same spans"
    case .neighbourOverlap: "share of the 10 nearest neighbours in common, Euclidean"
    case .representationalSimilarity: "Spearman ρ of pairwise 1−correlation"
    case .meanSquare: "Σ|f₁−f₀|²/(n d)"
    case .meanDistance: "Σ|f₁−f₀|/n"
    case .relativeChange: "‖F₁−F₀‖/‖F₀‖, uncentred"
    case .cosineDistance: "mean of 1−cos(f₀, f₁), uncentred"
    case .afterRotation: "least ‖X−YQ‖²/‖X‖² over rotations, centred"
    case .afterRotationAndScale: "least ‖X−sYQ‖²/‖X‖² over rotations and scales, centred"
    case .meanShift: "|mean of f₁−f₀|"
    case .rankMeBefore, .rankMeAfter: "exp entropy of σ/Σσ+1e-7, uncentred (Garrido et al. 2023)"
    case .effectiveRankBefore, .effectiveRankAfter:
      "exp entropy of σ/Σσ, centred (Roy and Vetterli 2007)"
    case .participationBefore, .participationAfter: "(Σσ²)²/Σσ⁴, centred"
    case .stableRankBefore, .stableRankAfter: "Σσ²/σ₁², centred"
    case .collapseBefore, .collapseAfter: "tr(S_W S_B⁺), not divided by the number of classes"
    case .equinormBefore, .equinormAfter: "deviation (C−1) over mean of |μ_c−μ_G|"
    case .equiangularityBefore, .equiangularityAfter: "mean |cos(μ_c−μ_G, μ_c′−μ_G)+1/(C−1)|"
    case .selfDualityBefore, .selfDualityAfter: "‖W/‖W‖−M/‖M‖‖²"
    case .disagreementBefore, .disagreementAfter:
      "share of examples whose nearest class mean is not the head's class"
    }
  }

  /// The values the measure can take, where an interval could reach beyond.
  public var range: ClosedRange<Double>? {
    switch self {
    case .ckaBiased, .ckaRadial, .ccaMean, .ccaSquared, .svcca, .pwccaBefore, .pwccaAfter,
      .explainedBefore, .explainedAfter, .subspaceOverlap, .neighbourOverlap, .disagreementBefore,
      .disagreementAfter, .afterRotationAndScale:
      0...1
    case .ckaDebiased, .ckaRadialDebiased, .ckaMinibatch, .representationalSimilarity: -1...1
    case .largestAngle, .meanAngle, .angularShape: 0...(Double.pi / 2)
    case .procrustesNormalised, .cosineDistance: 0...2
    default: 0...Double.infinity
    }
  }

  /// What the interval is meant to hold.
  ///
  /// Measures that grow or fall as examples are added, by much more than their intervals are wide, are
  /// to be compared at equal numbers of examples only, and so are their intervals.
  public var intervalTarget: IntervalTarget {
    switch self {
    case .ckaDebiased, .ckaMinibatch, .meanSquare, .meanDistance,
      .relativeChange, .cosineDistance, .meanShift:
      .population
    default: .expectation
    }
  }

  /// What the simulations of `Documentation/measures/calibration.md` found wrong with the interval, to be
  /// said beside it; empty for most.
  public var intervalCaution: String {
    switch self {
    case .pwccaBefore, .pwccaAfter: "wide: 95 % intervals held 97 to 99 % in simulations"
    default: ""
    }
  }

  /// The scale on which the interval is symmetric.
  var scale: EstimateScale {
    switch self {
    case .ckaDebiased, .ckaBiased, .ckaMinibatch, .ckaRadial, .ckaRadialDebiased, .ccaMean,
      .svcca, .pwccaBefore, .pwccaAfter, .representationalSimilarity:
      .fisherZ
    case .collapseBefore, .collapseAfter, .equinormBefore, .equinormAfter, .equiangularityBefore,
      .equiangularityAfter, .selfDualityBefore, .selfDualityAfter:
      .logarithm
    default: .identity
    }
  }

  /// What has to be decomposed to find it.
  package enum Source: Sendable { case sums, linearCKA, pair, spectrum, rows, labels }

  package var source: Source {
    switch family {
    case .cka: self == .ckaDebiased || self == .ckaBiased ? .linearCKA : .rows
    case .neighbours, .rsa: .rows
    case .displacement: self == .afterRotation || self == .afterRotationAndScale ? .pair : .sums
    case .rank: .spectrum
    case .collapse: .labels
    default: .pair
    }
  }
}

/// What an interval is meant to hold.
public enum IntervalTarget: String, Sendable, CaseIterable {
  /// The value that more and more examples would lead to.
  case population

  /// The mean of the values that as many other examples would give.
  case expectation = "expected at n"
}
