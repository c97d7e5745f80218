/// A number with what belongs to it: an interval, what it would be by chance, or why it is undefined.
public struct Measurement: Codable, Equatable, Sendable {
  /// The number; `nil` when it is undefined.
  public var value: Double?

  /// The lower end of the 95 % interval, when one was estimated.
  public var lower: Double?

  /// The upper end of the 95 % interval, when one was estimated.
  public var upper: Double?

  /// What the number would be if nothing were going on, when that is known.
  public var null: Double?

  /// Why the number is undefined.
  public var reason: String?

  /// A number that is defined.
  public init(
    _ value: Double, interval: (lower: Double, upper: Double)? = nil, null: Double? = nil
  ) {
    self.value = value
    self.lower = interval?.lower
    self.upper = interval?.upper
    self.null = null
  }

  /// A number that is not defined, with the reason.
  public init(undefined reason: String) { self.reason = reason }
}

/// How far the features of one set moved, by one measure.
public struct FeatureMeasurement: Codable, Equatable, Sendable {
  /// The layer whose output was compared.
  public var tap: String

  /// The set of examples.
  public var set: String

  /// Whether the set is in-distribution.
  public var isID: Bool

  /// How many examples were compared.
  public var examples: Int

  /// What was measured; the data dictionary explains each.
  public var measure: FeatureMeasure

  /// The number.
  public var measurement: Measurement
}

/// How much more ID features moved than those of an OOD set, by one measure.
public struct FeatureContrast: Codable, Equatable, Sendable {
  /// The OOD set.
  public var ood: String

  /// What was measured.
  public var measure: FeatureMeasure

  /// ID less OOD; the interval takes the two sets as independent.
  public var difference: Measurement
}

/// The measures of change of one feature set, before against after.
public enum FeatureMeasure: String, Codable, Sendable, CaseIterable {
  /// Mean over examples and coordinates of (f₁ − f₀)²: what Kumar et al. report as distance.
  case meanSquaredDifference = "mean squared difference"

  /// Mean over examples of ‖f₁ − f₀‖.
  case meanDistance = "mean distance"

  /// ‖F₁ − F₀‖ / ‖F₀‖ in Frobenius norms.
  case relativeChange = "relative change"

  /// Mean over examples of 1 − cos(f₀, f₁).
  case cosineDistance = "cosine distance"

  /// The relative change that is left after the best rotation of f₁.
  case afterRotation = "relative change after rotation"

  /// The relative change that is left after the best rotation and scale of f₁.
  case afterRotationAndScale = "relative change after rotation and scale"

  /// ‖mean f₁ − mean f₀‖ / ‖F₀‖ per example.
  case meanShift = "mean shift"

  /// Linear CKA, biased.
  case biasedCKA = "linear CKA, biased"

  /// Linear CKA, debiased.
  case debiasedCKA = "linear CKA, debiased"

  /// The largest principal angle between the spans of the leading directions, in radians.
  case largestAngle = "largest principal angle"

  /// The share of the squared change that lies in the span of the ID features before.
  case shareInIDSpan = "share of change in the ID feature span"

  /// The displacements that the claim about features is judged by, in which ID should exceed OOD.
  package static let displacements: [FeatureMeasure] = [
    .meanSquaredDifference, .relativeChange, .cosineDistance, .afterRotationAndScale,
  ]

  /// The values that the measure can take, where intervals could reach beyond.
  var range: ClosedRange<Double>? {
    switch self {
    case .largestAngle: 0...(.pi / 2)
    case .shareInIDSpan: 0...1
    default: nil
    }
  }

  /// The formula, for the data dictionary.
  var convention: String {
    switch self {
    case .meanSquaredDifference: "mean over examples and coordinates of (f₁−f₀)²"
    case .meanDistance: "mean over examples of ‖f₁−f₀‖"
    case .relativeChange: "‖F₁−F₀‖/‖F₀‖, Frobenius, uncentred"
    case .cosineDistance: "mean over examples of 1−cos(f₀,f₁), uncentred"
    case .afterRotation: "the least ‖F₁R−F₀‖/‖F₀‖ over rotations R"
    case .afterRotationAndScale: "the least ‖sF₁R−F₀‖/‖F₀‖ over rotations R and scales s"
    case .meanShift: "‖mean f₁−mean f₀‖ over the root mean square of ‖f₀‖"
    case .biasedCKA: "centred, Kornblith et al. 2019 eq. 5"
    case .debiasedCKA: "centred, unbiased HSIC of Song et al. 2012 throughout"
    case .largestAngle:
      "radians, between the spans of 90 % of the energy (centred) before and after, the smaller "
        + "dimension for both"
    case .shareInIDSpan:
      "the share of the squared change in the directions that hold 90 % of the ID energy before; "
        + "null k/d"
    }
  }
}
