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
  /// The entry of each layer in the configuration, those of models inside the model too.
  private let entries: [String: JSON]

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
    var entries: [String: JSON] = [:]
    Self.collect(layers, into: &entries)
    self.entries = entries
  }

  /// The writer in words.
  var writer: String {
    "Keras " + (version ?? "1 (no version recorded)") + (backend.map { ", \($0)" } ?? "")
  }

  /// Whether arrays are as Keras 1 stored them.
  ///
  /// Keras 1 recorded a version only in whole models, Keras 2 beside the weights too.
  var isVersion1: Bool { version.map { $0.hasPrefix("1.") || $0 == "1" } ?? true }

  private static func collect(
    _ layers: [JSON], into entries: inout [String: JSON], depth: Int = 0
  ) {
    guard depth < 16 else { return }
    for layer in layers {
      guard let name = (layer["config"]?["name"] ?? layer["name"])?.string else { continue }
      entries[name] = layer
      let inner = layer["config"]?["layers"]?.array ?? layer["config"]?.array ?? []
      collect(inner, into: &entries, depth: depth + 1)
    }
  }

  /// Notes what the kernels need before they can be used, converts what can be, and refuses the
  /// rest.
  func judge(_ checkpoint: inout Checkpoint) {
    if let lambda = classNames.filter({ $0.value == "Lambda" }).keys.min() {
      checkpoint.notes.append("the layer \(lambda) is a Lambda: it holds Python code, never run")
    }
    if isVersion1 {
      convertKerasOne(&checkpoint)
    } else if backend == "theano" {
      var conversion = KerasOneConversion(self, checkpoint, isTheano: true)
      conversion.turn(&checkpoint)
    }
  }

  private func convertKerasOne(_ checkpoint: inout Checkpoint) {
    var kernels: [(layer: String, order: Order?, isTensorFlow: Bool)] = []
    for layer in checkpoint.layers {
      for (place, parameter) in layer.parameters.enumerated()
      where parameter.shape.count >= 3 && parameter.isKernelOfKerasOne {
        let bias = place + 1 < layer.parameters.count ? layer.parameters[place + 1] : nil
        kernels.append(
          (
            layer.name, order(of: parameter, bias, layer: layer.name),
            layer.parameters.allSatisfy { $0.name.hasSuffix(":0") }
          ))
      }
    }
    // One program computed all layers, so what some tell holds for those that do not.
    let orders = Set(kernels.compactMap(\.order))
    if let unknown = kernels.first(where: { $0.order == nil }), orders.count != 1 {
      checkpoint.conversionNeeded =
        "the order of the axes of Keras 1 kernels is not recorded (layer \(unknown.layer)); "
        + "load and save it with Keras 2"
      return
    }
    // Only Theano's variables in Keras 1 have names without `:0`. Whoever saved weights alone may
    // have brought them into TensorFlow's order and turned them, as the published ImageNet weights
    // were.
    let isUnmarked = backend == nil && !kernels.allSatisfy(\.isTensorFlow)
    let isTheano =
      backend == "theano" || isUnmarked && (configuration != nil || orders.contains(.theano))
    if isUnmarked, !isTheano, !kernels.isEmpty {
      checkpoint.notes.append(
        "the file does not record what computed its convolutions; kernels from Theano would be "
          + "turned by 180 degrees")
    }
    var conversion = KerasOneConversion(self, checkpoint, isTheano: isTheano)
    conversion.convert(&checkpoint, order: orders.first)
  }

  /// The order in which a kernel's axes are stored.
  enum Order {
    /// Height × width × inputs × outputs.
    case tensorFlow
    /// Outputs × inputs × height × width.
    case theano
  }

  /// The order of a kernel's axes, from the configuration or from the length of the bias, or `nil`
  /// when neither tells.
  func order(
    of kernel: Checkpoint.Parameter, _ bias: Checkpoint.Parameter?, layer: String
  ) -> Order? {
    switch setting("dim_ordering", of: layer)
      ?? setting("dim_ordering", of: Self.base(kernel.name))
    {
    case "th": return .theano
    case "tf": return .tensorFlow
    default: break
    }
    // Kernels along one axis were stored with a second axis of length 1.
    if kernel.shape.count == 4, kind(of: kernel, layer: layer)?.hasSuffix("Convolution1D") ?? false
    {
      if kernel.shape[1] == 1, kernel.shape[3] != 1 { return .tensorFlow }
      if kernel.shape[3] == 1, kernel.shape[1] != 1 { return .theano }
    }
    guard let first = kernel.shape.first, let last = kernel.shape.last, first != last,
      let bias, bias.shape.count == 1, let outputs = bias.shape.first
    else { return nil }
    return outputs == last ? .tensorFlow : outputs == first ? .theano : nil
  }

  /// The kind of layer that `parameter` belongs to: inside a wrapper, that of the layer in it; from
  /// the configuration, or else from a name that Keras gave.
  func kind(of parameter: Checkpoint.Parameter, layer: String) -> String? {
    let base = Self.base(parameter.name)
    for name in [base, layer] {
      guard let entry = entries[name], let kind = entry["class_name"]?.string else { continue }
      if ["Sequential", "Model", "Functional"].contains(kind) { continue }
      return entry["config"]?["layer"]?["class_name"]?.string ?? kind
    }
    let kinds = [
      "convolution1d": "Convolution1D", "atrousconvolution1d": "AtrousConvolution1D",
      "deconvolution2d": "Deconvolution2D", "embedding": "Embedding",
    ]
    return kinds[String(base.prefix { $0 != "_" })]
  }

  /// The setting `key` of the layer in the configuration, or of the layer that it wraps.
  func setting(_ key: String, of layer: String) -> String? {
    let settings = entries[layer]?["config"]
    return settings?[key]?.string ?? settings?["layer"]?["config"]?[key]?.string
  }

  /// Whether variables of `layer` are kept as bfloat16, which the configuration alone tells in legacy
  /// files: they hold two bytes without a meaning for each.
  func keepsBrainFloats(_ layer: String) -> Bool {
    Self.namesBrainFloats(entries[layer] ?? configuration ?? .null)
  }

  private static func namesBrainFloats(_ value: JSON, depth: Int = 0) -> Bool {
    guard depth < 64 else { return false }
    if let dtype = value["dtype"], (dtype.string ?? dtype["config"]?["name"]?.string) == "bfloat16"
    {
      return true
    }
    let inner = value.array ?? value.object.map { Array($0.values) } ?? []
    return inner.contains { namesBrainFloats($0, depth: depth + 1) }
  }

  /// `convolution1d_1` of `convolution1d_1_W:0`.
  private static func base(_ name: String) -> String {
    let name = name.split(separator: ":", maxSplits: 1).first ?? ""
    guard let underscore = name.lastIndex(of: "_") else { return String(name) }
    return String(name[..<underscore])
  }

  /// The number of channels of the images with channels first that are flattened into the inputs of
  /// `layer`; `nil` when they are not, or when the configuration does not say.
  func flattenedChannels(before layer: String) -> Int? {
    var isFlat = false
    var name = layer
    for _ in 0..<entries.count {
      guard let earlier = predecessor(of: name), let entry = entries[earlier] else { return nil }
      let (kind, settings) = (entry["class_name"]?.string ?? "", entry["config"])
      switch kind {
      case "Flatten": isFlat = true
      case _ where ["Convolution2D", "Convolution3D", "Deconvolution2D"].contains(kind):
        guard isFlat, settings?["dim_ordering"]?.string == "th" else { return nil }
        return settings?["nb_filter"]?.int
      case "Activation", "Dropout", "SpatialDropout2D", "BatchNormalization", "LeakyReLU",
        "MaxPooling2D", "AveragePooling2D", "ZeroPadding2D", "Cropping2D", "UpSampling2D",
        "MaxPooling3D", "AveragePooling3D", "ZeroPadding3D", "GaussianNoise", "GaussianDropout":
        break
      default: return nil
      }
      name = earlier
    }
    return nil
  }

  /// The one layer whose output `layer` takes, as far as the configuration tells.
  private func predecessor(of layer: String) -> String? {
    if let nodes = entries[layer]?["inbound_nodes"]?.array {
      guard nodes.count == 1, let inputs = nodes[0].array, inputs.count == 1 else { return nil }
      return inputs[0][0]?.string
    }
    let list =
      configuration?["config"]?["layers"]?.array ?? configuration?["config"]?.array ?? []
    let names = list.map { ($0["config"]?["name"] ?? $0["name"])?.string }
    guard let place = names.firstIndex(of: layer), place > 0 else { return nil }
    return names[place - 1]
  }
}
