/// What changed between two networks of one architecture, as seen on ID and OOD examples.
public struct Distortion: Codable, Equatable, Sendable {
  /// How far features moved, by set and measure.
  public var features: [FeatureMeasurement]

  /// ID less OOD, for the measures of displacement.
  public var contrasts: [FeatureContrast]

  /// What the features of each set are like, before and after.
  public var statistics: [FeatureStatistics]

  /// How far features moved along each direction of the ID features before.
  public var featureDirections: [FeatureDirectionChange]

  /// How far the leading directions of each set's features turned, for several numbers of them.
  public var featureAngles: [FeatureAngle]?

  /// How the weights of each layer changed, split by the span of its ID inputs.
  public var layers: [LayerChange]

  /// The same along each direction of a layer's ID inputs.
  public var inputDirections: [InputDirectionChange]

  /// A distortion of what was measured.
  package init(
    features: [FeatureMeasurement] = [], contrasts: [FeatureContrast] = [],
    statistics: [FeatureStatistics] = [], featureDirections: [FeatureDirectionChange] = [],
    featureAngles: [FeatureAngle]? = nil, layers: [LayerChange] = [],
    inputDirections: [InputDirectionChange] = []
  ) {
    self.features = features
    self.contrasts = contrasts
    self.statistics = statistics
    self.featureDirections = featureDirections
    self.featureAngles = featureAngles
    self.layers = layers
    self.inputDirections = inputDirections
  }

  /// The measurement of one measure on one set at the penultimate tap.
  package func measurement(_ measure: FeatureMeasure, on set: String) -> Measurement? {
    features.first { $0.measure == measure && $0.set == set }?.measurement
  }
}
