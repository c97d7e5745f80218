import Checkpoints
import Datasets
import Networks

/// How the images were prepared that a network was trained on, as far as its architecture tells.
struct NetworkPreparation {
  let preparation: ImagePreparation
  /// What told it.
  let evidence: String

  /// - Returns: `nil` when the network reads no images, or its architecture tells nothing.
  init?(of network: Network) {
    guard let images = network.imageInput else { return nil }
    if network.architecture["format"]?.string == StateDictionaryArchitecture.format {
      guard let found = try? StateDictionaryArchitecture(network.architecture),
        let hint = found.preprocessing
      else { return nil }
      preparation = ImagePreparation(hint)
      evidence = "\(hint.name), recognised: \(found.title)"
      return
    }
    guard let found = Self.name(of: network.architecture),
      let preparation = ImagePreparation(
        named: found.name, height: images.height, width: images.width)
    else { return nil }
    self.preparation = preparation
    evidence = "\(found.name), recognised: \(found.evidence)"
  }

  /// The name of the preparation that an architecture tells.
  private static func name(of architecture: JSON) -> (name: String, evidence: String)? {
    let models = KerasModels(architecture)
    for name in models.names {
      guard
        let preparation = ImagePreparation.name(ofKerasModel: name, scalesInside: models.scales)
      else { continue }
      // A model around it may do to its inputs what is usually done before.
      if models.computesFirst || models.scales && preparation != "keras-raw" {
        return ("keras-raw", "Keras's \(name), whose inputs are prepared inside")
      }
      return (preparation, "Keras's \(name)")
    }
    // A model that scales its inputs in itself is given bytes.
    return models.scales ? ("raw", "it scales its inputs itself") : nil
  }
}

/// A Keras model and those in it, as far as they tell what is done to images.
private struct KerasModels {
  /// Their names, the outermost first.
  private(set) var names: [String] = []
  /// Whether there are layers that scale.
  private(set) var scales = false
  /// Whether a model computes with its inputs before it gives them to another.
  private(set) var computesFirst = false

  init(_ architecture: JSON) { collect(architecture, depth: 0) }

  private mutating func collect(_ json: JSON, depth: Int) {
    guard depth < 4, let config = json["config"] else { return }
    let layers = config["layers"]?.array ?? config.array ?? []
    if layers.isEmpty { return }
    names.append(config["name"]?.string ?? "")
    var computes = false
    for layer in layers {
      let kind = layer["class_name"]?.string ?? ""
      let module = layer["module"]?.string ?? ""
      if ["Rescaling", "Normalization"].contains(kind) { scales = true }
      if ["TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"].contains(kind)
        || module.contains(".ops")
      {
        computes = true
      }
      if ["Functional", "Sequential", "Model"].contains(kind), computes { computesFirst = true }
      collect(layer, depth: depth + 1)
    }
  }
}

extension ImagePreparation {
  /// What the names and shapes of a family tell.
  fileprivate init(_ hint: PreprocessingHint) {
    let how: Interpolation =
      switch hint.interpolation {
      case .bilinear: .bilinear
      case .bicubic: .bicubic
      }
    // As they are written, and not as single precision rounds them.
    func exact(_ numbers: [Float]) -> [Double] {
      numbers.map { Double($0.description) ?? Double($0) }
    }
    self.init(
      name: hint.name,
      sizing: ImageSizing(
        resize: .shorterSide(hint.resize),
        crop: .init(height: hint.crop.height, width: hint.crop.width), interpolation: how),
      numbers: ImagePreparation.numbers(named: hint.name)
        ?? .standardized(means: exact(hint.mean), deviations: exact(hint.deviation)))
  }
}
