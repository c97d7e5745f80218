package import Geometry
import LinearAlgebra

/// The change of features on every set, with intervals, and along ID directions.
package struct FeatureComparison {
  package let measurements: [FeatureMeasurement]
  package let contrasts: [FeatureContrast]
  let statistics: [FeatureStatistics]
  let directions: [FeatureDirectionChange]
  let angles: [FeatureAngle]

  private static let measures: [(FeatureMeasure, SimilarityMeasure)] = [
    (.meanSquaredDifference, .meanSquare), (.meanDistance, .meanDistance),
    (.relativeChange, .relativeChange), (.cosineDistance, .cosineDistance),
    (.afterRotation, .afterRotation), (.afterRotationAndScale, .afterRotationAndScale),
    (.biasedCKA, .ckaBiased), (.debiasedCKA, .ckaDebiased), (.largestAngle, .largestAngle),
  ]

  package init(
    tap: String, id: (name: String, features: PairedFeatures),
    ood: [(name: String, features: PairedFeatures)], pooled places: [Int]? = nil, counts: [Int]
  ) throws {
    let idTotal = try id.features.total()
    let principal = try PrincipalDirections(
      secondMoment: idTotal.beforeCovariance, count: idTotal.count)
    let idSpan = principal.subspace(.energy(0.9))

    func estimates(_ features: PairedFeatures) throws -> [FeatureMeasure: Estimate] {
      var settings = SimilarityAnalysis.Settings()
      settings.draws = 0
      let analysis = try SimilarityAnalysis(features, settings: settings)
      let found = try analysis.results(for: Self.measures.map(\.1))
      var result: [FeatureMeasure: Estimate] = [:]
      for (own, measure) in Self.measures {
        result[own] = found.first { $0.measure == measure }?.estimate
      }
      result[.meanShift] = analysis.relativeMeanShift()
      if features.beforeWidth == features.afterWidth {
        result[.shareInIDSpan] = try analysis.changeShare(in: idSpan)
      }
      return result
    }

    let idEstimates = try estimates(id.features)
    var measurements: [FeatureMeasurement] = []
    func record(_ name: String, isID: Bool, _ count: Int, _ estimates: [FeatureMeasure: Estimate]) {
      for measure in FeatureMeasure.allCases {
        guard let estimate = estimates[measure] else { continue }
        let null: Double? =
          switch measure {
          case .debiasedCKA: 0
          // Were each example's change as likely as its opposite.
          case .meanShift:
            estimates[.relativeChange]?.value.number.map { $0 / Double(max(1, count)).squareRoot() }
          case .shareInIDSpan: idSpan.isotropicShare
          default: nil
          }
        measurements.append(
          FeatureMeasurement(
            tap: tap, set: name, isID: isID, examples: count, measure: measure,
            measurement: Measurement(estimate, null: null)))
      }
    }
    record(id.name, isID: true, id.features.count, idEstimates)
    var statistics = try FeatureStatistics.ofBoth(idTotal, tap: tap, set: id.name, isID: true)
    var angles = try FeatureAngle.angles(
      id.features, tap: tap, set: id.name, isID: true, counts: counts)
    var contrasts: [FeatureContrast] = []
    var pooled: PairedFeatures?
    for set in ood {
      let own = try estimates(set.features)
      record(set.name, isID: false, set.features.count, own)
      for measure in FeatureMeasure.displacements {
        guard let a = idEstimates[measure], let b = own[measure] else { continue }
        contrasts.append(
          FeatureContrast(
            ood: set.name, measure: measure, difference: Measurement(Estimate.contrast(a, b))))
      }
      statistics += try FeatureStatistics.ofBoth(
        try set.features.total(), tap: tap, set: set.name, isID: false)
      angles += try FeatureAngle.angles(
        set.features, tap: tap, set: set.name, isID: false, counts: counts)
    }
    for place in places ?? Array(ood.indices) {
      if pooled == nil {
        pooled = ood[place].features
      } else {
        try pooled?.merge(ood[place].features)
      }
    }
    self.measurements = measurements
    self.contrasts = contrasts
    self.statistics = statistics
    self.angles = angles
    directions =
      idTotal.beforeWidth == idTotal.afterWidth
      ? try Self.directions(principal, tap: tap, id: id.features, ood: pooled) : []
  }

  /// The ledger: what happened along each direction of the ID features before.
  private static func directions(
    _ principal: PrincipalDirections, tap: String, id: PairedFeatures, ood: PairedFeatures?
  ) throws -> [FeatureDirectionChange] {
    let own = try DirectionIntervals(of: id, along: principal.vectors)
    let other = try ood.flatMap { ood in
      ood.count > 0 ? try DirectionIntervals(of: ood, along: principal.vectors) : nil
    }
    let missing = Measurement(undefined: "there are no OOD examples")
    return principal.energies.indices.map { index in
      let (variance, change) = (own.variance[index], own.change[index])
      return FeatureDirectionChange(
        tap: tap, direction: index + 1, idVariance: variance.value.number ?? 0,
        idVarianceInterval: Measurement(variance),
        oodVariance: other.map { Measurement($0.variance[index]) } ?? missing,
        idChange: change.value.number ?? 0, idChangeInterval: Measurement(change),
        oodChange: other.map { Measurement($0.change[index]) } ?? missing,
        relativeIDChange: Measurement(own.relative[index]),
        relativeOODChange: other.map { Measurement($0.relative[index]) } ?? missing)
    }
  }
}
