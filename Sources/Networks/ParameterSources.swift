import Checkpoints
import Files

/// Finds the parameters of a checkpoint that belong into the slots of a graph.
///
/// A slot takes the parameter of its layer and role. A model inside a model, a bidirectional layer or
/// an attention is one layer in Keras files; there the parameter's own name says the part
/// (`conv1/kernel:0`). Where names say too little, the parameters of such a layer are taken in their
/// order, when all shapes agree.
struct ParameterSources {
  private let checkpoint: Checkpoint
  private let layers: [String: Checkpoint.Layer]

  init(_ checkpoint: Checkpoint) {
    self.checkpoint = checkpoint
    // Layers of one name follow each other only in damaged files; the first counts.
    layers = Dictionary(checkpoint.layers.map { ($0.name, $0) }) { first, _ in first }
  }

  /// One parameter for each slot.
  func parameters(for graph: Graph) throws(FileError) -> [Checkpoint.Parameter] {
    var result: [Checkpoint.Parameter] = []
    var used: Set<String> = []
    var inOrder: [String: [Checkpoint.Parameter]] = [:]
    for (index, slot) in graph.parameters.enumerated() {
      let place = container(of: slot.layer)
      let parameter: Checkpoint.Parameter
      let found = candidates(for: slot, in: place)
      if found.count == 1, !used.contains(found[0].path) {
        parameter = found[0]
      } else if let place,
        let ordered = inOrder[place.name] ?? Self.inOrder(of: graph, place, container(of:))
      {
        inOrder[place.name] = ordered
        let position = graph.parameters[..<index].count {
          container(of: $0.layer)?.name == place.name
        }
        parameter = ordered[position]
      } else {
        throw failure(slot, found)
      }
      result.append(parameter)
      used.insert(parameter.path)
    }
    let unused = checkpoint.parameters.first { parameter in
      if case .other = parameter.role { return false }
      return !used.contains(parameter.path)
    }
    if let unused {
      throw FileError(
        path: checkpoint.path, object: "\(unused.layer)/\(unused.name)",
        reason: "the architecture has no place for this parameter of the shape \(unused.shape)")
    }
    return result
  }

  private func failure(_ slot: ParameterSlot, _ found: [Checkpoint.Parameter]) -> FileError {
    guard found.isEmpty else {
      return FileError(
        path: checkpoint.path, object: "\(slot.layer)/\(slot.role)",
        reason: "\(found.count) parameters could be meant: "
          + found.map(\.name).joined(separator: ", "))
    }
    return FileError(
      path: checkpoint.path, object: "\(slot.layer)/\(slot.role)",
      reason: "is missing; the architecture wants it with the shape \(slot.shape)")
  }

  // MARK: By name

  /// The layer of the file that holds a layer's parameters: that of its name, or one around it.
  private func container(of layer: String) -> Checkpoint.Layer? {
    var name = Substring(layer)
    while true {
      if let found = layers[String(name)] { return found }
      guard let slash = name.lastIndex(of: "/") else { return nil }
      name = name[..<slash]
    }
  }

  private func candidates(
    for slot: ParameterSlot, in container: Checkpoint.Layer?
  ) -> [Checkpoint.Parameter] {
    guard let container else { return [] }
    let fitting = container.parameters.filter {
      Self.fits($0.role, slot.role) && Self.agrees($0.shape, slot.shape)
    }
    let inner = slot.layer.dropFirst(container.name.count).split(separator: "/").map(String.init)
    guard !inner.isEmpty else {
      // A role that fits with another shape is reported as that.
      return fitting.isEmpty
        ? container.parameters.filter { Self.fits($0.role, slot.role) } : fitting
    }
    guard fitting.count > 1 else { return fitting }
    // Keras 2 writes `conv1/kernel:0`, Keras 3 `model/model/conv1/kernel`; for models in models in
    // models, Keras 2 leaves the middle out, and a recurrent layer has its cell at the end.
    func scope(_ parameter: Checkpoint.Parameter) -> [String] {
      parameter.name.split(separator: "/").dropLast().map(String.init)
    }
    let ends = fitting.filter { Self.isEqual(scope($0).suffix(inner.count), inner[...]) }
    if !ends.isEmpty { return ends }
    let last = inner.suffix(1)
    let endsWithLast = fitting.filter { Self.isEqual(scope($0).suffix(1), last) }
    if !endsWithLast.isEmpty { return endsWithLast }
    return fitting.filter { parameter in
      scope(parameter).contains { Self.isEqual([$0], last) }
    }
  }

  private static func isEqual(_ scope: ArraySlice<String>, _ inner: ArraySlice<String>) -> Bool {
    scope.count == inner.count
      && zip(scope, inner).allSatisfy { $0 == $1 || aliases($1).contains($0) }
  }

  /// What Keras calls the parts of a layer in `.weights.h5` files.
  private static func aliases(_ part: String) -> [String] {
    if part.hasPrefix("forward_") { return ["forward_layer"] }
    if part.hasPrefix("backward_") { return ["backward_layer"] }
    switch part {
    case "query", "key", "value": return [part + "_dense", "_\(part)_dense"]
    case "attention_output": return ["output_dense", "_output_dense"]
    default: return []
    }
  }

  /// Keras 3 calls the kernel of a depthwise convolution just `kernel`; the one weight of an attention
  /// with concatenated scores is called so that it looks like one.
  private static func fits(_ role: Role, _ wanted: Role) -> Bool {
    role == wanted
      || role == .kernel && (wanted == .depthwiseKernel || wanted == .other("concat_score_weight"))
  }

  /// Whether a parameter can be used under a slot's shape: the same, or with axes of the file
  /// merged, or with axes of extent 1 left out (heads of an attention, kernels of Keras 1).
  static func agrees(_ stored: [Int], _ wanted: [Int]) -> Bool {
    if stored == wanted { return true }
    if stored.filter({ $0 != 1 }) == wanted.filter({ $0 != 1 }) { return true }
    guard stored.count > wanted.count, stored.reduce(1, *) == wanted.reduce(1, *) else {
      return false
    }
    var place = 0
    for extent in wanted {
      var product = 1
      repeat {
        guard place < stored.count else { return false }
        product *= stored[place]
        place += 1
      } while product < extent
      guard product == extent else { return false }
    }
    return place == stored.count
  }

  // MARK: By order

  /// The parameters of one layer of the file for the slots of the graph that belong to it, in the
  /// order of those slots; `nil` when numbers or shapes differ.
  ///
  /// Keras writes a layer's parameters as they were made, or those that are trained before those that
  /// are not.
  private static func inOrder(
    of graph: Graph, _ layer: Checkpoint.Layer,
    _ container: (String) -> Checkpoint.Layer?
  ) -> [Checkpoint.Parameter]? {
    let slots = graph.parameters.filter { container($0.layer)?.name == layer.name }
    var stored = layer.parameters
    if stored.count != slots.count {
      stored = stored.filter { $0.role != .other("count") }
    }
    guard stored.count == slots.count else { return nil }
    func fit(_ order: [Int]) -> [Checkpoint.Parameter]? {
      var result = stored
      for (position, slot) in order.enumerated() {
        let parameter = stored[position]
        let isNamed = if case .other = parameter.role { false } else { true }
        guard agrees(parameter.shape, slots[slot].shape),
          !isNamed || fits(parameter.role, slots[slot].role)
        else { return nil }
        result[slot] = parameter
      }
      return result
    }
    let all = Array(slots.indices)
    return fit(all)
      ?? fit(all.filter { slots[$0].isTrainable } + all.filter { !slots[$0].isTrainable })
  }
}
