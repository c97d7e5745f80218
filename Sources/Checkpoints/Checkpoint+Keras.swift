import HDF5

extension Checkpoint {
  /// A legacy Keras file, or `nil` when it is none.
  ///
  /// Layers and parameters are found only through the attributes `layer_names` and
  /// `weight_names`, in their order; links are never walked, and paths never guessed.
  static func kerasLegacy(_ file: File, _ root: Group) throws(HDF5Error) -> Checkpoint? {
    var group = root
    var evidence = "layer_names at the top"
    if try !root.hasNames("layer_names"), root.contains("model_weights") {
      group = try root.group("model_weights")
      evidence = "layer_names in model_weights"
    }
    guard try group.hasNames("layer_names") else { return try kerasNumbered(file, root) }
    let configuration = try root.attribute("model_config")?.string
    var checkpoint = Checkpoint(
      file, layout: configuration == nil ? .kerasLegacyWeights : .kerasLegacyModel,
      evidence: evidence + (configuration == nil ? "" : ", model_config at the top"))
    checkpoint.architecture = configuration
    let places = [root, group]
    let record = KerasRecord(
      version: try text("keras_version", in: places), backend: try text("backend", in: places),
      configuration: configuration.flatMap { try? JSON(parsing: $0) })
    checkpoint.writer = record.writer
    try checkpoint.readKerasLayers(group, record)
    if let text = try root.attribute("training_config")?.string {
      checkpoint.trainingConfiguration = try? JSON(parsing: text)
      if checkpoint.trainingConfiguration == nil {
        checkpoint.notes.append("training_config is not JSON and was left out")
      }
    }
    if configuration != nil, record.configuration == nil {
      checkpoint.notes.append("model_config is not JSON, so the kinds of layers are not known")
    }
    let state =
      root.contains("optimizer_weights")
      ? try root.group("optimizer_weights").names("weight_names") : nil
    checkpoint.optimizer = OptimizerRecord(
      trainingConfiguration: checkpoint.trainingConfiguration, stateNames: state)
    record.judge(&checkpoint)
    checkpoint.recogniseHuggingFace()
    return checkpoint
  }

  /// Transformers wrote whole networks as one Keras layer, whose weights are named by scopes that
  /// begin with the class: `tf_bert_model/bert/encoder/layer_._0/attention/self/query/kernel:0`.
  private mutating func recogniseHuggingFace() {
    guard layout == .kerasLegacyWeights else { return }
    let weights = parameters
    guard !weights.isEmpty,
      weights.allSatisfy({ $0.name.hasPrefix("tf_") && $0.name.contains("/") })
    else { return }
    let scope = weights[0].name.prefix { $0 != "/" }
    layout = .huggingFaceTensorFlow
    evidence += ", weights in the scope \(scope)"
  }

  /// The text of the attribute `name` in the first of `groups` that has it.
  private static func text(_ name: String, in groups: [Group]) throws(HDF5Error) -> String? {
    for group in groups {
      if let text = try group.attribute(name)?.string { return text }
    }
    return nil
  }

  private mutating func readKerasLayers(
    _ group: Group, _ record: KerasRecord
  ) throws(HDF5Error) {
    guard let names = try group.names("layer_names") else { return }
    let extra = "top_level_model_weights"  // parameters of the model itself, since Keras 2.6
    let all = names + (!names.contains(extra) && group.contains(extra) ? [extra] : [])
    for name in all {
      let layerGroup = try group.group(name)
      // An empty name, or nothing but slashes and dots, leads to where the layers themselves are.
      guard layerGroup.path != group.path, layerGroup.path != "/" else {
        throw HDF5Error(
          kind: .damaged, path: path, object: group.path,
          reason: "its attribute layer_names names a layer '\(name)', which is no name of a group; "
            + "save the model again with named layers")
      }
      guard let weights = try layerGroup.names("weight_names") else {
        throw HDF5Error(
          kind: .objectNotFound, path: path, object: layerGroup.path,
          reason: "its attribute weight_names is missing, so the order of its parameters is unknown"
        )
      }
      if name == extra, weights.isEmpty { continue }
      var parameters: [Parameter] = []
      for weight in weights {
        parameters.append(
          try Self.parameter(
            weight, in: layerGroup, layer: name, role: Role(weightName: weight),
            areBrainFloats: record.keepsBrainFloats(name)))
      }
      Self.nameKernel(&parameters)
      // Keras 3 calls the filters of a depthwise convolution kernel.
      if record.classNames[name]?.hasPrefix("DepthwiseConv") ?? false {
        for index in parameters.indices where parameters[index].role == .kernel {
          parameters[index].role = .depthwiseKernel
        }
      }
      Self.nameInnerLayers(&parameters)
      layers.append(
        Layer(name: name, className: record.classNames[name], parameters: parameters))
    }
  }

  /// Gives the role of a kernel to the one array with several axes of a layer whose other
  /// parameter is a bias: some files of Keras 1 name kernels after their initialiser.
  private static func nameKernel(_ parameters: inout [Parameter]) {
    guard parameters.count == 2, parameters[1].role == .bias, parameters[0].shape.count >= 2,
      case .other = parameters[0].role
    else { return }
    parameters[0].role = .kernel
    parameters[0].kernelOrder = .inputsFirst
  }

  /// Tells the layers of a nested model apart by the scopes in the names of their weights.
  private static func nameInnerLayers(_ parameters: inout [Parameter]) {
    let scopes = parameters.map { parameter in
      let scope = parameter.name.split(separator: "/").dropLast().joined(separator: "/")
      // The layer's own name may hold slashes: `fire2/squeeze1x1_b` of `fire2/squeeze1x1`.
      return parameter.layer.hasPrefix(scope + "/") ? "" : scope
    }
    guard Set(scopes).count > 1 else { return }
    for (index, scope) in scopes.enumerated() where !scope.isEmpty {
      parameters[index].innerLayer = scope
    }
  }

  /// Files of Keras before 1.0: `nb_layers` groups `layer_k` with datasets `param_j`.
  private static func kerasNumbered(_ file: File, _ root: Group) throws(HDF5Error) -> Checkpoint? {
    guard let count = try root.attribute("nb_layers")?.integer, count >= 0 else { return nil }
    var checkpoint = Checkpoint(
      file, layout: .kerasNumbered, evidence: "the attribute nb_layers at the top")
    for index in 0..<count {
      let group = try root.group("layer_\(index)")
      let parameterCount = try group.attribute("nb_params")?.integer ?? 0
      var parameters: [Parameter] = []
      for number in 0..<max(parameterCount, 0) {
        let name = "param_\(number)"
        var parameter = try parameter(name, in: group, layer: group.name, role: .other(name))
        if parameterCount == 2 {
          if number == 0, parameter.shape.count >= 2 { parameter.role = .kernel }
          if number == 1, parameter.shape.count == 1 { parameter.role = .bias }
        }
        parameters.append(parameter)
      }
      checkpoint.layers.append(
        Layer(name: group.name, className: nil, parameters: parameters))
    }
    checkpoint.writer = "Keras before 1.0"
    KerasRecord(version: nil, backend: nil, configuration: nil).judge(&checkpoint)
    return checkpoint
  }
}

extension Group {
  fileprivate var name: String { path.split(separator: "/").last.map(String.init) ?? path }

  /// Whether there is a list called `name`, in one attribute or in numbered ones.
  fileprivate func hasNames(_ name: String) throws(HDF5Error) -> Bool {
    if try hasAttribute(name) { return true }
    return try hasAttribute(name + "0")
  }

  /// The list in the attribute `name`, or in `name0`, `name1`, … which Keras writes when a list
  /// is too long for one attribute; `nil` when there is none.
  fileprivate func names(_ name: String) throws(HDF5Error) -> [String]? {
    if let attribute = try attribute(name) { return try texts(attribute) }
    var texts: [String] = []
    var number = 0
    while let attribute = try attribute("\(name)\(number)") {
      texts += try self.texts(attribute)
      number += 1
    }
    return number == 0 ? nil : texts
  }

  private func texts(_ attribute: Attribute) throws(HDF5Error) -> [String] {
    guard let texts = attribute.strings else {
      throw HDF5Error(
        kind: .wrongType, path: file.path, object: path,
        reason: "its attribute \(attribute.name) holds \(attribute.elementType), not text")
    }
    return texts
  }
}
