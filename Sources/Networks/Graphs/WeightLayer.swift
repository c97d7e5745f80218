/// A layer that multiplies its inputs by a matrix: `output = input · kernel + bias`.
///
/// For a convolution, each position's patch is an input; the kernel's matrix has the patch's
/// numbers as rows, in the order height, width, channel, and the filters as columns.
public struct WeightLayer: Hashable, Sendable {
  /// What is multiplied.
  public enum Kind: Hashable, Sendable {
    /// The last axis of the value.
    case dense
    /// The patches under a window.
    case convolution(Window)
  }

  /// The layer's name.
  public let name: String
  /// Its node.
  public let node: Int
  /// Where the kernel is in ``Graph/parameters``.
  public let kernelSlot: Int
  /// Where the bias is, if there is one.
  public let biasSlot: Int?
  /// The place of the layer's input.
  public let inputTap: Tap
  /// The number of rows of the kernel's matrix.
  public let fanIn: Int
  /// The number of columns of the kernel's matrix.
  public let outputs: Int
  /// What is multiplied.
  public let kind: Kind
  /// How many inputs of length ``fanIn`` one example has: the positions of the output.
  public let positions: Int

  /// The window's place on the input; `nil` for a dense layer.
  let placed: PlacedWindow?
}

extension Graph {
  /// The dense layers and convolutions, in order.
  ///
  /// Depthwise and grouped convolutions have no single matrix and are left out.
  public var weightLayers: [WeightLayer] { nodes.indices.compactMap(weightLayer(at:)) }

  /// The weight layer called `name`, if there is one.
  public func weightLayer(named name: String) -> WeightLayer? {
    weightLayers.first { $0.name == name }
  }

  /// The classifier head; see ``head``.
  ///
  /// - Throws: ``NetworkError`` when there is no classifier head.
  public var headLayer: WeightLayer {
    get throws(NetworkError) {
      let head = try head
      guard let layer = weightLayer(at: head) else {
        throw NetworkError(layer: nodes[head].layer, reason: "this layer has no single matrix")
      }
      return layer
    }
  }

  private func weightLayer(at index: Int) -> WeightLayer? {
    let node = nodes[index]
    let kind: WeightLayer.Kind
    var placed: PlacedWindow?
    switch node.operation {
    case .dense: kind = .dense
    case .convolution(let convolution) where !convolution.isDepthwise && convolution.groups == 1:
      kind = .convolution(convolution.window)
      let input = nodes[node.inputs[0]].shape
      // It was placed once when the graph was built, so it can be again.
      placed = try? convolution.window.placed(on: Extent(positionsOf: input), layer: node.name)
    default: return nil
    }
    let kernel = parameters[node.parameters[0]].shape
    guard let outputs = kernel.last else { return nil }
    return WeightLayer(
      name: node.layer, node: index, kernelSlot: node.parameters[0],
      biasSlot: node.parameters.dropFirst().first, inputTap: tap(at: node.inputs[0]),
      fanIn: kernel.dropLast().reduce(1, *), outputs: outputs, kind: kind,
      positions: node.size / outputs, placed: placed)
  }
}
