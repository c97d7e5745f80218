import Geometry
import LinearAlgebra

/// The change of features on every set, with jackknife intervals, and along ID directions.
struct FeatureComparison {
  let measurements: [FeatureMeasurement]
  let contrasts: [FeatureContrast]
  let statistics: [FeatureStatistics]
  let directions: [FeatureDirectionChange]

  /// The widest features for which statistics that need a decomposition get intervals: each of them
  /// costs O(d³) per block.
  private static let widestDecomposed = 256

  init(
    tap: String, id: (name: String, moments: BlockedMoments),
    ood: [(name: String, moments: BlockedMoments)]
  ) throws {
    var idMoments = id.moments
    let idTotal = try idMoments.total()
    let idSpan = try PrincipalDirections(
      secondMoment: idTotal.beforeCovariance, count: idTotal.count
    ).subspace(.energy(0.9))

    func estimates(_ moments: BlockedMoments) throws -> [FeatureMeasure: Estimate] {
      var moments = moments
      var result: [FeatureMeasure: Estimate] = [:]
      let plain: [(FeatureMeasure, (Displacement) -> Measured)] = [
        (.meanSquaredDifference, \.meanSquarePerCoordinate), (.meanDistance, \.meanDistance),
        (.relativeChange, \.relativeFrobenius), (.cosineDistance, \.meanCosineDistance),
        (
          .meanShift,
          { shift in
            guard let moved = shift.meanShift.number, let size = shift.meanSquareBefore.number
            else {
              return .undefined("the features have no length")
            }
            return Measured(
              moved, over: size.squareRoot(), otherwise: "the features before are zero")
          }
        ),
      ]
      let values = try moments.estimates { moments throws(GeometryError) in
        let displacement = Displacement(moments)
        return plain.map { $0.1(displacement) }
      }
      for (measure, value) in zip(plain.map(\.0), values) { result[measure] = value }
      result[.biasedCKA] = try moments.estimate(scale: .fisherZ) { LinearCKA.biased($0) }
      result[.debiasedCKA] = try moments.estimate(scale: .fisherZ) { LinearCKA.debiased($0) }
      let decomposed: [FeatureMeasure] = [
        .afterRotation, .afterRotationAndScale, .largestAngle, .shareInIDSpan,
      ]
      func decompose(_ moments: JointMoments) throws(GeometryError) -> [Measured] {
        let procrustes = try Procrustes(moments)
        return [
          procrustes.relative, procrustes.relativeAfterScaling, try Self.largestAngle(moments),
          try DirectionalChange.Split(of: moments, by: idSpan).insideShare,
        ]
      }
      if idTotal.beforeWidth <= Self.widestDecomposed {
        let values = try moments.estimates(decompose)
        for (measure, value) in zip(decomposed, values) { result[measure] = value }
      } else {
        let values = try decompose(try moments.total())
        for (measure, value) in zip(decomposed, values) {
          result[measure] = Estimate(
            value: value, note: "features wider than \(Self.widestDecomposed)")
        }
      }
      return result
    }

    let idEstimates = try estimates(id.moments)
    var measurements: [FeatureMeasurement] = []
    func record(_ name: String, isID: Bool, _ count: Int, _ estimates: [FeatureMeasure: Estimate]) {
      for measure in FeatureMeasure.allCases {
        guard let estimate = estimates[measure] else { continue }
        let null: Double? =
          switch measure {
          case .debiasedCKA: 0
          case .shareInIDSpan: idSpan.isotropicShare
          default: nil
          }
        var measurement = Measurement(estimate, null: null)
        if let range = measure.range {
          measurement.lower = measurement.lower.map { max(range.lowerBound, $0) }
          measurement.upper = measurement.upper.map { min(range.upperBound, $0) }
        }
        measurements.append(
          FeatureMeasurement(
            tap: tap, set: name, isID: isID, examples: count, measure: measure,
            measurement: measurement))
      }
    }
    record(id.name, isID: true, id.moments.count, idEstimates)
    var statistics = try FeatureStatistics.ofBoth(idTotal, tap: tap, set: id.name, isID: true)
    var contrasts: [FeatureContrast] = []
    var pooled: JointMoments?
    for set in ood {
      let own = try estimates(set.moments)
      record(set.name, isID: false, set.moments.count, own)
      for measure in FeatureMeasure.displacements {
        guard let a = idEstimates[measure], let b = own[measure] else { continue }
        contrasts.append(
          FeatureContrast(
            ood: set.name, measure: measure, difference: Measurement(Estimate.contrast(a, b))))
      }
      var moments = set.moments
      let total = try moments.total()
      statistics += try FeatureStatistics.ofBoth(total, tap: tap, set: set.name, isID: false)
      // Sums over different pilot shifts add exactly.
      if pooled == nil { pooled = total } else { try pooled?.merge(total) }
    }
    self.measurements = measurements
    self.contrasts = contrasts
    self.statistics = statistics
    if idTotal.beforeWidth == idTotal.afterWidth {
      let change = try DirectionalChange(inDistribution: idTotal, outOfDistribution: pooled)
      directions = change.directions.map { direction in
        FeatureDirectionChange(
          tap: tap, direction: direction.index + 1, idVariance: direction.inDistributionVariance,
          oodVariance: Measurement(direction.outOfDistributionVariance),
          idChange: direction.inDistributionChange,
          oodChange: Measurement(direction.outOfDistributionChange),
          relativeIDChange: Measurement(direction.inDistributionRelativeChange),
          relativeOODChange: Measurement(direction.outOfDistributionRelativeChange))
      }
    } else {
      directions = []
    }
  }

  /// The largest principal angle between the directions that hold 90 % of the energy before and after.
  private static func largestAngle(_ moments: JointMoments) throws(GeometryError) -> Measured {
    let before = try PrincipalDirections(
      secondMoment: moments.beforeCovariance, count: moments.count)
    let after = try PrincipalDirections(secondMoment: moments.afterCovariance, count: moments.count)
    let dimension = min(
      before.subspace(.energy(0.9)).dimension, after.subspace(.energy(0.9)).dimension)
    let angles = try principalAngles(
      between: before.subspace(.count(dimension)), and: after.subspace(.count(dimension)))
    guard let largest = angles.first else { return .undefined("the features are constant") }
    return Measured(largest)
  }
}
