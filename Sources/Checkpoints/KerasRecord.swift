/// What a Keras file says of its writer, and what follows for its kernels.
struct KerasRecord {
  /// `keras_version`; files without it are from Keras 1.
  var version: String?
  /// `backend`: what computed the convolutions.
  var backend: String?
  /// `model_config`.
  var configuration: JSON?

  /// The kind of each layer by name.
  let classNames: [String: String]

  init(version: String?, backend: String?, configuration: JSON?) {
    self.version = version
    self.backend = backend
    self.configuration = configuration
    // Sequential models held a bare list of layers until Keras 2.2.
    let layers = configuration?["config"]?["layers"]?.array ?? configuration?["config"]?.array ?? []
    var names: [String: String] = [:]
    for layer in layers {
      if let name = layer["config"]?["name"]?.string ?? layer["name"]?.string,
        let className = layer["class_name"]?.string
      {
        names[name] = className
      }
    }
    classNames = names
  }

  /// The writer in words.
  var writer: String {
    "Keras " + (version ?? "1 (no version recorded)") + (backend.map { ", \($0)" } ?? "")
  }

  private var isVersion1: Bool { version.map { $0.hasPrefix("1.") || $0 == "1" } ?? true }

  /// Notes what the kernels need before they can be used, or are refused for.
  func judge(_ checkpoint: inout Checkpoint) {
    let layers = checkpoint.layers.filter { layer in
      layer.parameters.contains { $0.shape.count >= 3 && $0.isKernel }
    }
    if let lambda = classNames.filter({ $0.value == "Lambda" }).keys.min() {
      checkpoint.notes.append("the layer \(lambda) is a Lambda: it holds Python code, never run")
    }
    markTheano(&checkpoint)
    if isVersion1 {
      if let first = layers.first(where: { order(of: $0) == .theano }) {
        checkpoint.conversionNeeded =
          "the kernels of Keras 1 are in Theano's order, outputs × inputs × height × width "
          + "(layer \(first.name)), which is not converted; load and save it with Keras 2"
      } else if let first = layers.first(where: { order(of: $0) == nil }) {
        checkpoint.conversionNeeded =
          "the order of the axes of Keras 1 kernels is not recorded (layer \(first.name)); "
          + "load and save it with Keras 2"
      }
      if checkpoint.layers.contains(where: { $0.parameters.count > 4 }) {
        checkpoint.notes.append(
          "recurrent layers of Keras 1 hold one array for each gate, in another order than later")
      }
    }
    guard checkpoint.conversionNeeded == nil, !layers.isEmpty else { return }
    let unmarked = isVersion1 && backend == nil && !namesAreTensorFlows(layers)
    // Only Theano's variables in Keras 1 have names without `:0`; whoever saved weights alone may
    // have converted them first, as the published ImageNet weights were.
    if backend == "theano" || unmarked && configuration != nil {
      let advice =
        backend == nil
        ? "no later Keras converts it, so turn its kernels by 180 degrees first"
        : "load and save it with Keras 2 on TensorFlow"
      checkpoint.conversionNeeded =
        "Theano flips convolution kernels (layer \(layers[0].name)), which is not converted; "
        + advice
    } else if unmarked {
      checkpoint.notes.append(
        "the file does not record what computed its convolutions; kernels from Theano are flipped")
    }
  }

  /// Says of kernels in Theano's order that they are outputs first.
  private func markTheano(_ checkpoint: inout Checkpoint) {
    guard isVersion1 else { return }
    for index in checkpoint.layers.indices where order(of: checkpoint.layers[index]) == .theano {
      let parameters = checkpoint.layers[index].parameters
      for place in parameters.indices
      where parameters[place].shape.count >= 3 && parameters[place].isKernel {
        checkpoint.layers[index].parameters[place].kernelOrder = .outputsFirst
      }
    }
  }

  /// Whether the names of parameters end as TensorFlow's variables do.
  private func namesAreTensorFlows(_ layers: [Checkpoint.Layer]) -> Bool {
    layers.allSatisfy { $0.parameters.allSatisfy { $0.name.hasSuffix(":0") } }
  }

  private enum Order {
    /// Height × width × inputs × outputs.
    case tensorFlow
    /// Outputs × inputs × height × width.
    case theano
  }

  /// The order of the kernel's axes, from the configuration or from the length of the bias, or
  /// `nil` when neither tells.
  private func order(of layer: Checkpoint.Layer) -> Order? {
    switch setting("dim_ordering", of: layer.name) {
    case "th": return .theano
    case "tf": return .tensorFlow
    default: break
    }
    guard let kernel = layer.parameters.first(where: { $0.shape.count >= 3 }),
      let first = kernel.shape.first, let last = kernel.shape.last,
      let outputs = layer.parameters.first(where: { $0.role == .bias })?.shape.first,
      first != last
    else { return nil }
    return outputs == last ? .tensorFlow : outputs == first ? .theano : nil
  }

  private func setting(_ key: String, of layer: String) -> String? {
    let layers = configuration?["config"]?["layers"]?.array ?? configuration?["config"]?.array ?? []
    let match = layers.first { ($0["config"]?["name"] ?? $0["name"])?.string == layer }
    return match?["config"]?[key]?.string
  }
}

extension Checkpoint.Parameter {
  fileprivate var isKernel: Bool {
    switch role {
    case .kernel, .depthwiseKernel, .pointwiseKernel, .recurrentKernel, .other: true
    default: false
    }
  }
}
