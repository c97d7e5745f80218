import Checkpoints
import Files

/// Finds the parameters of a checkpoint that belong into the slots of a graph.
///
/// A slot takes the parameter of its layer and role. A model inside a model is one layer in Keras
/// files; there the parameter's own name says the inner layer (`conv1/kernel:0`).
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
    for slot in graph.parameters {
      let parameter = try parameter(for: slot)
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

  private func parameter(for slot: ParameterSlot) throws(FileError) -> Checkpoint.Parameter {
    let candidates: [Checkpoint.Parameter]
    if let layer = layers[slot.layer] {
      candidates = layer.parameters.filter { Self.fits($0.role, slot.role) }
    } else {
      candidates = nested(slot)
    }
    guard candidates.count <= 1 else {
      throw FileError(
        path: checkpoint.path, object: "\(slot.layer)/\(slot.role)",
        reason: "\(candidates.count) parameters could be meant: "
          + candidates.map(\.name).joined(separator: ", "))
    }
    guard let candidate = candidates.first else {
      throw FileError(
        path: checkpoint.path, object: "\(slot.layer)/\(slot.role)",
        reason: "is missing; the architecture wants it with the shape \(slot.shape)")
    }
    return candidate
  }

  /// Keras 3 calls the kernel of a depthwise convolution just `kernel`.
  private static func fits(_ role: Role, _ wanted: Role) -> Bool {
    role == wanted || (wanted == .depthwiseKernel && role == .kernel)
  }

  /// The parameters of an inner layer, in the layer that stands for the model around it.
  private func nested(_ slot: ParameterSlot) -> [Checkpoint.Parameter] {
    let containers = checkpoint.layers.filter { slot.layer.hasPrefix($0.name + "/") }
    guard let container = containers.max(by: { $0.name.count < $1.name.count }) else { return [] }
    let inner = slot.layer.dropFirst(container.name.count + 1)
    let fitting = container.parameters.filter { Self.fits($0.role, slot.role) }
    // Keras 2 writes `conv1/kernel:0`, Keras 3 `model/model/conv1/kernel`; for models in models in
    // models, Keras 2 leaves the middle out.
    for name in [String(inner), inner.split(separator: "/").last.map(String.init) ?? ""] {
      let found = fitting.filter { parameter in
        let scope = parameter.name.split(separator: "/").dropLast().joined(separator: "/")
        return scope == name || scope.hasSuffix("/" + name)
      }
      if !found.isEmpty { return found }
    }
    return []
  }
}
