import HDF5

/// An object of a Keras 3 model as `.weights.h5` holds it: its variables and the objects inside it.
struct KerasNode {
  /// The name of its group: an attribute's name, or the class in a container, numbered there.
  var component: String
  /// The name that the user or Keras gave the layer, which newer files record.
  var label: String?
  /// Its own variables, by number.
  private var numbered: [(number: Int, dataset: Dataset, shard: Int)] = []
  /// What is inside it, in the order of the model as far as that is known.
  var children: [KerasNode] = []
  /// Its entry in the model's configuration.
  var configuration: JSON?

  /// The names of groups that only hold the layers of a model.
  static let containers: Set<String> = ["layers", "_layer_checkpoint_dependencies"]

  /// The layer's name: that in the configuration, which networks are built from, where there is one.
  var name: String { configuration?["config"]?["name"]?.string ?? label ?? component }

  /// The class, where the configuration or the name of the group tells.
  var className: String? {
    configuration?["class_name"]?.string ?? KerasClass.named(Self.base(component).name)
  }

  /// The class as names of groups have it: `batch_normalization` of `batch_normalization_3`.
  var snakeClass: String {
    configuration?["class_name"]?.string.map(KerasClass.snake) ?? Self.base(component).name
  }

  /// The state of a generator of random numbers, which belongs to no network.
  var isGenerator: Bool { Self.base(component).name == "seed_generator" }

  /// Its own variables, in order.
  var variables: [Dataset] { numbered.map(\.dataset) }

  /// Its variables and those of everything inside it.
  var allVariables: [Dataset] { children.reduce(variables) { $0 + $1.allVariables } }

  /// How many variables it holds with all that is inside it.
  var variableCount: Int { children.reduce(variables.count) { $0 + $1.variableCount } }

  /// Where the first of its values lies in the file.
  private var offset: Place {
    let own = numbered.compactMap { variable in
      variable.dataset.storage.offset.map { Place(shard: variable.shard, offset: $0) }
    }
    return children.reduce(own.min() ?? Place(shard: .max, offset: .max)) { min($0, $1.offset) }
  }

  private struct Place: Comparable {
    var shard: Int
    var offset: Int

    static func < (a: Place, b: Place) -> Bool { (a.shard, a.offset) < (b.shard, b.offset) }
  }

  /// Reads `group` and everything in it; `nil` when it holds other things than Keras writes.
  init?(_ group: Group, component: String, depth: Int = 0) throws(HDF5Error) {
    self.component = component
    guard depth <= 64 else {
      throw HDF5Error(
        kind: .unsupported, path: group.file.path, object: group.path,
        reason: "groups nested deeper than 64, or holding themselves")
    }
    for entry in try group.entries() {
      guard entry.kind == .group else { return nil }
      let inner = try group.group(entry.name)
      if entry.name == "vars" {
        label = try inner.attribute("name")?.string
        let names = try inner.entries().map(\.name)
        let numbers = names.compactMap { Int($0) }
        guard numbers.count == names.count else { return nil }
        for number in numbers.sorted() {
          numbered.append((number, try inner.dataset(String(number)), 0))
        }
      } else if let child = try KerasNode(inner, component: entry.name, depth: depth + 1) {
        if Self.containers.contains(entry.name), child.variables.isEmpty {
          children += child.children
        } else {
          children.append(child)
        }
      } else {
        return nil
      }
    }
  }

  /// Takes over what `other`, of a later shard, holds of the same model.
  mutating func merge(_ other: KerasNode) {
    label = label ?? other.label
    numbered = (numbered + other.numbered).sorted { $0.number < $1.number }
    for child in other.children {
      if let index = children.firstIndex(where: { $0.component == child.component }) {
        children[index].merge(child)
      } else {
        children.append(child)
      }
    }
  }

  /// Says that everything here is of the shard with this number.
  mutating func setShard(_ number: Int) {
    for index in numbered.indices { numbered[index].shard = number }
    for index in children.indices { children[index].setShard(number) }
  }

  /// Puts everything inside in the order of `configuration`, which also tells classes and names.
  ///
  /// Without one, the order is that in which the values lie in the file, which is the order in
  /// which Keras wrote them; objects of one class are in the order of their numbers.
  mutating func order(by configuration: JSON?) {
    self.configuration = configuration
    let layers = configuration?["config"]?["layers"]?.array ?? []
    var counts: [String: Int] = [:]
    var places: [String: (place: Int, configuration: JSON)] = [:]
    for (place, layer) in layers.enumerated() {
      guard let className = layer["class_name"]?.string else { continue }
      let base = KerasClass.snake(className)
      let count = counts[base, default: 0]
      counts[base] = count + 1
      places[count == 0 ? base : "\(base)_\(count)"] = (place, layer)
    }
    for index in children.indices {
      children[index].order(by: places[children[index].component]?.configuration)
    }
    let known = children.filter { places[$0.component] != nil }.sorted {
      (places[$0.component]?.place ?? 0) < (places[$1.component]?.place ?? 0)
    }
    children = known + Self.inWritingOrder(children.filter { places[$0.component] == nil })
    orderParts()
  }

  /// The parts of layers that are made of several, in the order in which the layer creates them,
  /// which legacy files keep: names of attributes come in the order of the alphabet otherwise.
  private static let parts = [
    ["forward_layer", "backward_layer"],
    ["query_dense", "key_dense", "value_dense", "output_dense"],
  ]

  private mutating func orderParts() {
    func name(_ node: KerasNode) -> String { String(node.component.drop { $0 == "_" }) }
    let names = Set(children.map(name))
    guard let parts = Self.parts.first(where: { names.isSuperset(of: $0) }) else { return }
    let ordered = parts.compactMap { part in children.first { name($0) == part } }
    children = ordered + children.filter { !parts.contains(name($0)) }
  }

  private static func inWritingOrder(_ nodes: [KerasNode]) -> [KerasNode] {
    let natural = nodes.sorted { NaturalOrder.precedes($0.component, $1.component) }
    let sorted = natural.map { (node: $0, offset: $0.offset) }.sorted { $0.offset < $1.offset }
      .map(\.node)
    // Each class takes the places that its members have, by number.
    var members: [String: [KerasNode]] = [:]
    for node in natural.reversed() { members[base(node.component).name, default: []].append(node) }
    return sorted.compactMap { members[base($0.component).name]?.popLast() }
  }

  /// `dense_2` is `dense`, number 2.
  private static func base(_ component: String) -> (name: String, number: Int) {
    guard let underscore = component.lastIndex(of: "_"),
      let number = Int(component[component.index(after: underscore)...])
    else { return (component, 0) }
    return (String(component[..<underscore]), number)
  }
}

/// Names of Keras classes, and the order in which they keep variables.
enum KerasClass {
  /// `BatchNormalization` as `batch_normalization`.
  static func snake(_ name: String) -> String {
    let scalars = Array(name.unicodeScalars)
    var text = ""
    for (index, scalar) in scalars.enumerated() {
      if scalar.properties.isUppercase, index > 0 {
        let next = index + 1 < scalars.count && scalars[index + 1].properties.isLowercase
        if next || scalars[index - 1].properties.isLowercase { text += "_" }
      }
      text += String(scalar).lowercased()
    }
    return text
  }

  /// The class that groups called `snake` hold.
  static func named(_ snake: String) -> String? { names[snake] }

  private static let names = Dictionary(
    uniqueKeysWithValues: [
      "Dense", "EinsumDense", "Embedding", "BatchNormalization", "LayerNormalization",
      "GroupNormalization", "UnitNormalization", "RMSNormalization", "Conv1D", "Conv2D", "Conv3D",
      "Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose", "DepthwiseConv1D",
      "DepthwiseConv2D", "SeparableConv1D", "SeparableConv2D", "LSTM", "GRU", "SimpleRNN",
      "LSTMCell", "GRUCell", "SimpleRNNCell", "Bidirectional", "TimeDistributed",
      "MultiHeadAttention", "PReLU", "Flatten", "Dropout", "Activation", "ReLU", "LeakyReLU",
      "Softmax", "MaxPooling1D", "MaxPooling2D", "AveragePooling2D", "GlobalAveragePooling2D",
      "GlobalMaxPooling2D", "GlobalAveragePooling1D", "ZeroPadding2D", "Add", "Concatenate",
      "Multiply", "Reshape", "Permute", "Rescaling", "Normalization", "InputLayer", "Sequential",
      "Functional",
    ].map { (snake($0), $0) })

  /// What the variables of a layer do, from its class and, where that says nothing, from shapes.
  static func roles(_ snake: String, _ configuration: JSON?, _ shapes: [[Int]]) -> [Role] {
    let settings = configuration?["config"]
    func used(_ key: String) -> Bool { settings?[key]?.bool ?? true }
    var roles: [Role]
    switch snake {
    case "batch_normalization":
      let trained: [Role] = (used("scale") ? [.gamma] : []) + (used("center") ? [.beta] : [])
      roles = (shapes.count == 2 ? [] : trained) + [.movingMean, .movingVariance]
    case "layer_normalization", "group_normalization", "rms_normalization":
      roles = (used("scale") ? [.gamma] : []) + (used("center") ? [.beta] : [])
      if shapes.count == 1, snake == "rms_normalization" { roles = [.other("scale")] }
    case "embedding": roles = [.embeddings]
    case "depthwise_conv1d", "depthwise_conv2d": roles = [.depthwiseKernel, .bias]
    case "separable_conv1d", "separable_conv2d":
      roles = [.depthwiseKernel, .pointwiseKernel, .bias]
    case "lstm_cell", "gru_cell", "simple_rnn_cell": roles = [.kernel, .recurrentKernel, .bias]
    case "p_re_lu": roles = [.other("alpha")]
    case "normalization": roles = [.other("mean"), .other("variance"), .other("count")]
    default: roles = self.roles(shapes)
    }
    if roles.count > shapes.count, roles.last == .bias { roles.removeLast() }
    return roles.count == shapes.count ? roles : self.roles(shapes)
  }

  private static func roles(_ shapes: [[Int]]) -> [Role] {
    let ranks = shapes.map(\.count)
    if shapes.count == 1, ranks[0] >= 2 { return [.kernel] }
    if shapes.count == 2, ranks[0] >= 2, ranks[1] < ranks[0], shapes[0].last == shapes[1].last {
      return [.kernel, .bias]
    }
    if (2...3).contains(shapes.count), ranks[0] == 2, ranks[1] == 2, shapes[0][1] == shapes[1][1] {
      return Array([Role.kernel, .recurrentKernel, .bias].prefix(shapes.count))
    }
    if shapes.count == 4, ranks[0] == 1, Set(shapes).count == 1 {
      return [.gamma, .beta, .movingMean, .movingVariance]
    }
    return shapes.indices.map { .other(String($0)) }
  }
}
