/// How the weights of one layer changed, seen from the inputs that the layer gets on ID examples.
///
/// W is the layer's kernel as a matrix, fan-in × outputs; a convolution's inputs are its patches,
/// zero padding included. P projects on the span of the ID inputs (uncentred, numerical rank), taken
/// at the network before.
public struct LayerChange: Codable, Equatable, Sendable {
  /// The layer's name.
  public var layer: String

  /// The layer's place among the weight layers, from 1.
  public var ordinal: Int

  /// Whether the layer is the classifier head.
  public var isHead: Bool

  /// Whether the layer reads the network's input, at most through operations that have nothing to
  /// learn, so that the theory is exact for it.
  public var isFirst: Bool

  /// The number of values the layer reads per output: the dimension d of its input space.
  public var fanIn: Int

  /// The dimension of the span of the ID inputs.
  public var rank: Int

  /// ‖W₀‖, Frobenius.
  public var weightNorm: Double

  /// ‖ΔW‖, Frobenius.
  public var changeNorm: Double

  /// ‖P ΔW‖ / ‖P W₀‖.
  public var insideChange: Measurement

  /// ‖(I − P) ΔW‖ / ‖(I − P) W₀‖; undefined when the ID inputs span everything.
  public var orthogonalChange: Measurement

  /// ‖(I − P) ΔW‖ / ‖ΔW‖, with √((d − rank)/d) as its null.
  public var orthogonalShare: Measurement

  /// The share of ‖ΔW‖² in leading directions of the ID inputs, for several numbers of them.
  public var spans: [SpanShare]

  /// How strongly ΔW answers the inputs of each set.
  public var visible: [VisibleChange]

  /// The rank correlation over directions within the rank of the ID inputs' energy and ‖ΔWᵀu‖; null 0.
  public var rankCorrelation: Measurement?

  /// How many positions of an example the layer reads: 1, or a convolution's patches.
  public var positions: Int?

  /// How many of them were looked at, chosen at random; `nil` when all were.
  public var sampledPositions: Int?

  /// The relative standard error that the choice gives the mean energy of ID inputs.
  public var samplingError: Double?
}

/// The mean over one set's inputs a of ‖ΔWᵀ a‖², divided by the mean of ‖W₀ᵀ a‖².
public struct VisibleChange: Codable, Equatable, Sendable {
  /// The set of examples.
  public var set: String

  /// Whether the set is in-distribution.
  public var isID: Bool

  /// The ratio.
  public var measurement: Measurement
}

/// The share of ‖ΔW‖² within the span of the k leading directions of a layer's ID inputs.
public struct SpanShare: Codable, Equatable, Sendable {
  /// The rule that chose k, in words.
  public var rule: String

  /// k.
  public var directions: Int

  /// ‖P_k ΔW‖² / ‖ΔW‖², with k/d as its null; the interval is that of a random rotation of the span.
  public var share: Measurement

  /// The rule that the claim about deeper layers is judged by.
  package static let judged = "90 % of the energy"
}

/// One direction of a layer's ID inputs, and how much the weights that read it changed.
public struct InputDirectionChange: Codable, Equatable, Sendable {
  /// The layer's name.
  public var layer: String

  /// The direction's place, from 1, by falling energy.
  public var direction: Int

  /// The mean of (u·a)² over ID inputs a; zero beyond their numerical rank, where directions are the
  /// principal axes of the OOD inputs and then of ΔW.
  public var idEnergy: Double

  /// The mean of (u·a)² over the inputs of all OOD sets together.
  public var oodEnergy: Double

  /// ‖ΔWᵀ u‖.
  public var change: Double

  /// ‖ΔWᵀ u‖ / ‖W₀ᵀ u‖; undefined where W₀ does not read the direction.
  public var relativeChange: Measurement
}

/// One direction of the ID features before, and how far features moved along it.
public struct FeatureDirectionChange: Codable, Equatable, Sendable {
  /// The tap the features come from.
  public var tap: String

  /// The direction's place, from 1, by falling ID variance.
  public var direction: Int

  /// The variance (1/n) of the ID features before along the direction.
  public var idVariance: Double

  /// The same with its interval over examples, the direction held fixed.
  public var idVarianceInterval: Measurement?

  /// The variance of the OOD features before along it.
  public var oodVariance: Measurement

  /// The mean squared change of ID features along it.
  public var idChange: Double

  /// The same with its interval over examples, the direction held fixed.
  public var idChangeInterval: Measurement?

  /// The mean squared change of OOD features along it.
  public var oodChange: Measurement

  /// `idChange / idVariance`; undefined as the variance vanishes.
  public var relativeIDChange: Measurement

  /// `oodChange / oodVariance`; undefined as the variance vanishes.
  public var relativeOODChange: Measurement
}
