import Files
import HDF5

extension Checkpoint {
  /// The parameters of a `.weights.h5` file, or `nil` when it is none: groups `vars` with datasets
  /// `0`, `1`, … and nothing else.
  ///
  /// - Parameters:
  ///   - path: What the file is called in messages.
  ///   - configuration: `config.json` of the archive that the file comes from.
  static func kerasWeights(
    _ file: File, _ root: Group, path: String, configuration: JSON? = nil
  ) throws(HDF5Error) -> Checkpoint? {
    let entries = try root.entries()
    // Links may lead to groups; where they must not be followed, that is said.
    guard !entries.isEmpty, entries.allSatisfy({ $0.kind != .dataset && $0.kind != .namedType }),
      let model = try KerasNode(root), model.variableCount > 0
    else { return nil }
    return try kerasWeights(
      HDF5Values(file: file, path: path), model, groups: Set(entries.map(\.name)), configuration)
  }

  /// The parameters in the shards of a `.weights.json`, which lie beside it.
  static func kerasShards(path: String, _ names: [String]) throws(FileError) -> Checkpoint {
    let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    var whole: (model: KerasNode, source: HDF5Values, groups: Set<String>)?
    for (number, name) in names.enumerated() {
      let shard = folder + name
      let (file, part, groups) = try naming(shard) { () throws(HDF5Error) in
        let file = try File(readingAt: shard)
        let root = try file.root
        guard var part = try KerasNode(root) else {
          throw HDF5Error(
            kind: .unsupported, path: shard, reason: "holds other things than variables by number")
        }
        part.setShard(number)
        return (file, part, Set(try root.entries().map(\.name)))
      }
      if whole == nil {
        whole = (part, HDF5Values(file: file, path: path), groups)
      } else {
        whole?.model.merge(part)
        whole?.groups.formUnion(groups)
      }
      for dataset in part.allVariables {
        // Tied variables are one dataset twice in one shard.
        let other = whole?.source.shards.updateValue(file, forKey: dataset.path)
        guard other == nil || other === file else {
          throw FileError(path: path, object: dataset.path, reason: "in two shards")
        }
      }
    }
    guard let whole, whole.model.variableCount > 0 else {
      throw FileError(path: path, reason: "names no shard that holds variables")
    }
    var checkpoint = try naming(path) { () throws(HDF5Error) in
      try kerasWeights(whole.source, whole.model, groups: whole.groups, nil)
    }
    checkpoint.evidence = "weight_map of \(names.count) shards, " + checkpoint.evidence
    return checkpoint
  }

  private static func kerasWeights(
    _ source: HDF5Values, _ model: KerasNode, groups names: Set<String>, _ configuration: JSON?
  ) throws(HDF5Error) -> Checkpoint {
    var model = model
    let optimizer = model.children.first { $0.component == "optimizer" }
    // Metrics are state of the training loop, which tf-keras saves beside the layers.
    model.children.removeAll { ["optimizer", "metrics"].contains($0.component) }
    model.order(by: configuration)
    let place =
      KerasNode.containers.sorted().first(where: names.contains).map { "\($0)/…/vars/0" }
      ?? "vars/0"
    var checkpoint = Checkpoint(
      source, layout: .kerasWeights,
      evidence: "variables by number, \(place)")
    checkpoint.writer =
      names.contains("_layer_checkpoint_dependencies")
      ? "Keras 2 of TensorFlow 2.12 or 2.13"
      : model.hasLabels ? "Keras 3" : "Keras 3 or 2, which the file does not tell"
    if let optimizer {
      checkpoint.optimizer = OptimizerRecord(
        name: optimizer.label, source: "optimizer/vars", stateCount: optimizer.variableCount)
    }
    let generators = try checkpoint.appendLayers(of: model)
    checkpoint.kerasModel = model
    if configuration == nil {
      checkpoint.notes.append(
        "the file does not record the order of layers of different classes; they come in the order "
          + "in which their values were written")
    }
    if generators > 0 {
      checkpoint.notes.append("\(generators) states of random generators left out")
    }
    return checkpoint
  }

  /// Appends the layers of `model`; returns how many states of random generators it left out.
  mutating func appendLayers(of model: KerasNode) throws(HDF5Error) -> Int {
    var generators = 0
    for child in model.children {
      var parameters: [Parameter] = []
      try append(child, layer: child.name, inner: [], to: &parameters, &generators)
      // One place for all parameters says nothing: the cell of a recurrent layer.
      if Set(parameters.map(\.innerLayer)).count == 1 {
        for index in parameters.indices { parameters[index].innerLayer = nil }
      }
      layers.append(
        Layer(name: child.name, className: child.className, parameters: parameters))
    }
    var own: [Parameter] = []
    var bare = model
    bare.children = []
    try append(bare, layer: bare.name, inner: [], to: &own, &generators)
    if !own.isEmpty {
      layers.append(Layer(name: bare.name, className: nil, parameters: own))
    }
    return generators
  }

  private func append(
    _ node: KerasNode, layer: String, inner: [String], to parameters: inout [Parameter],
    _ generators: inout Int
  ) throws(HDF5Error) {
    if node.isGenerator {
      generators += node.variableCount
      return
    }
    let roles = KerasClass.roles(
      node.snakeClass, node.configuration, node.variables.map(\.shape),
      node.variables.map(\.elementType))
    for (dataset, role) in zip(node.variables, roles) {
      guard dataset.elementType.isNumeric, !dataset.isNull else {
        throw HDF5Error(
          kind: .wrongType, path: path, object: dataset.path,
          reason: "holds \(dataset.elementType), not numbers")
      }
      try dataset.requireReadable()
      parameters.append(
        Parameter(
          layer: layer, innerLayer: inner.isEmpty ? nil : inner.joined(separator: "/"), role: role,
          name: ([layer] + inner + [role.name]).joined(separator: "/"), path: dataset.path,
          shape: dataset.shape, elementType: dataset.elementType,
          isTrainable: role.isStatistic ? false : nil,
          kernelOrder: role.isKernel ? .inputsFirst : nil))
    }
    for child in node.children {
      try append(
        child, layer: layer, inner: inner + [child.name], to: &parameters, &generators)
    }
  }
}
