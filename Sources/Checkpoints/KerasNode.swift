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

  /// Whether the file records names of layers, as newer versions of Keras 3 do and no Keras 2.
  var hasLabels: Bool { label != nil || children.contains(where: \.hasLabels) }

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

  /// Reads the model in `root`; `nil` when it holds other things than Keras writes.
  init?(_ root: Group) throws(HDF5Error) {
    var walk = GroupWalk()
    try self.init(GroupWalk.Place(root), component: "", &walk)
  }

  /// Reads the group at `place` and everything in it.
  private init?(
    _ place: GroupWalk.Place, component: String, _ walk: inout GroupWalk
  ) throws(HDF5Error) {
    self.component = component
    for (name, member) in try walk.members(of: place) {
      guard case .group(let inner) = member else { return nil }
      if name == "vars" {
        label = try inner.group.attribute("name")?.string
        for (name, member) in try walk.members(of: inner) {
          guard let number = Int(name), case .dataset(let dataset) = member else { return nil }
          numbered.append((number, dataset, 0))
        }
        numbered.sort { $0.number < $1.number }
      } else if let child = try KerasNode(inner, component: name, &walk) {
        if Self.containers.contains(name), child.variables.isEmpty {
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
    var places: [String: Int] = [:]
    for (index, child) in children.enumerated().reversed() { places[child.component] = index }
    for child in other.children {
      if let index = places[child.component] {
        children[index].merge(child)
      } else {
        places[child.component] = children.count
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
