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
    guard shape.count == 3, let found = Self.name(of: network.architecture),
      let preparation = ImagePreparation(named: found.name, height: shape[0], width: shape[1])
    else { return nil }
    self.preparation = preparation
    evidence = "recognised: \(found.evidence)"
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
