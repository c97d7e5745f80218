import Checkpoints

/// Anamorph's own description of a perceptron or a small convolutional network: layers in a row.
///
///     let description = ArchitectureDescription.perceptron(inputs: 30, hidden: [24], classes: 4)
///     let network = Network(try description.graph(), seed: 1, architecture: description.json)
///
/// As JSON: `{"format": "anamorph-architecture", "version": 1, "dataOrder": "channelsLast",
/// "inputShape": [30], "layers": [{"name": "hidden1", "kind": "dense", "outputs": 24, "bias": true,
/// "activation": "relu"}, …]}`.
public struct ArchitectureDescription: Hashable, Sendable {
  /// What a layer does.
  public enum Kind: Hashable, Sendable {
    /// `x W + b`.
    case dense(outputs: Int, hasBias: Bool)
    /// A convolution that sees all channels.
    case convolution(filters: Int, Window, hasBias: Bool)
    /// Normalisation of each channel.
    case batchNormalization(BatchNormalization)
    /// The largest value in each window.
    case maximumPooling(Window)
    /// The mean of each window.
    case averagePooling(Window)
    /// The mean over all positions.
    case globalAveragePooling
    /// One axis: height, width, channels.
    case flatten
    /// In training, zero with probability `rate`.
    case dropout(rate: Float)
  }

  /// One layer.
  public struct Layer: Hashable, Sendable {
    /// Its name, under which a checkpoint holds its parameters.
    public var name: String
    /// What it does.
    public var kind: Kind
    /// What is applied to the result, if anything.
    public var activation: Activation?

    /// A layer.
    public init(_ name: String, _ kind: Kind, activation: Activation? = nil) {
      self.name = name
      self.kind = kind
      self.activation = activation
    }
  }

  /// The shape of an example: `[H, W, C]` or `[d]`.
  public var inputShape: [Int]

  /// The layers, the first one next to the input.
  public var layers: [Layer]

  /// In which order an example's numbers lie.
  public var dataOrder: DataOrder = .channelsLast

  /// A network of these layers.
  public init(inputShape: [Int], layers: [Layer]) {
    self.inputShape = inputShape
    self.layers = layers
  }

  /// Hidden dense layers called `hidden1`, `hidden2`, …, and a dense classifier called `head`.
  public static func perceptron(
    inputs: Int, hidden: [Int], activation: Activation? = .relu, hasBias: Bool = true,
    classes: Int, headHasBias: Bool = true
  ) -> ArchitectureDescription {
    var layers = hidden.enumerated().map { index, width in
      Layer(
        "hidden\(index + 1)", .dense(outputs: width, hasBias: hasBias), activation: activation)
    }
    layers.append(Layer("head", .dense(outputs: classes, hasBias: headHasBias)))
    return ArchitectureDescription(inputShape: [inputs], layers: layers)
  }

  /// The graph that the description stands for; an activation is the node `name/activation`.
  ///
  /// - Throws: ``NetworkError`` naming the layer whose shapes do not fit.
  public func graph() throws(NetworkError) -> Graph {
    var builder = try GraphBuilder(inputShape: inputShape)
    var value = builder.input
    for layer in layers {
      let operation: Operation =
        switch layer.kind {
        case .dense(let outputs, let hasBias): .dense(outputs: outputs, hasBias: hasBias)
        case .convolution(let filters, let window, let hasBias):
          .convolution(Convolution(window, filters: filters, hasBias: hasBias))
        case .batchNormalization(let normalization): .batchNormalization(normalization)
        case .maximumPooling(let window): .maximumPooling(window)
        case .averagePooling(let window): .averagePooling(window, countsPadding: false)
        case .globalAveragePooling: .globalAveragePooling(keepsAxes: false)
        case .flatten: .reshape([builder.shape(of: value).reduce(1, *)])
        case .dropout(let rate): .dropout(rate: rate)
        }
      value = try builder.add(layer.name, operation, to: value)
      if let activation = layer.activation {
        value = try builder.add(
          "\(layer.name)/activation", .activation(activation), to: value, layer: layer.name)
      }
    }
    return builder.graph(output: value)
  }
}

extension ArchitectureDescription: Codable {
  /// Decodes the JSON form.
  public init(from decoder: any Decoder) throws {
    try self.init(JSON(from: decoder))
  }

  /// Encodes the JSON form.
  public func encode(to encoder: any Encoder) throws {
    try json.encode(to: encoder)
  }
}
