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
    let shape = network.graph.inputShape
    guard shape.count == 3 else { return nil }
    if network.architecture["format"]?.string == StateDictionaryArchitecture.format {
      guard let found = try? StateDictionaryArchitecture(network.architecture),
        let hint = found.preprocessing
      else { return nil }
      preparation = ImagePreparation(hint)
      evidence = "\(hint.name), recognised: \(found.title)"
      return
    }
    guard let found = Self.name(of: network.architecture),
      let preparation = ImagePreparation(named: found.name, height: shape[0], width: shape[1])
    else { return nil }
    self.preparation = preparation
    evidence = "\(found.name), recognised: \(found.evidence)"
  }

  /// The name of the preparation that an architecture tells.
  private static func name(of architecture: JSON) -> (name: String, evidence: String)? {
    let models = models(in: architecture, depth: 0)
    // A model that scales its inputs in itself is given bytes.
    if models.contains(where: \.scales) { return ("raw", "it scales its inputs itself") }
    for model in models {
      if let name = ImagePreparation.name(ofKerasModel: model.name) {
        return (name, "Keras's \(model.name)")
      }
    }
    return nil
  }

  /// A Keras model and those in it: their names, and whether they scale their inputs.
  private static func models(in json: JSON, depth: Int) -> [(name: String, scales: Bool)] {
    guard depth < 4, let config = json["config"] else { return [] }
    let layers = config["layers"]?.array ?? config.array ?? []
    if layers.isEmpty { return [] }
    let scaling = ["Rescaling", "Normalization"]
    let scales = layers.contains { scaling.contains($0["class_name"]?.string ?? "") }
    return [(config["name"]?.string ?? "", scales)]
      + layers.flatMap { models(in: $0, depth: depth + 1) }
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
