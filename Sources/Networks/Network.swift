public import Checkpoints
import Randomness

/// A graph with the parameters bound to it.
public struct Network: Sendable {
  /// The operations.
  public let graph: Graph

  /// The parameters, in the order of ``Graph/parameters``.
  public var parameters: [Tensor] {
    didSet { Self.expectShapes(of: parameters, for: graph) }
  }

  /// The architecture as it is kept in a checkpoint: a Keras `model_config`, or an
  /// ``ArchitectureDescription``; `null` for a graph made by hand.
  public let architecture: JSON

  /// Binds parameters to a graph.
  ///
  /// - Precondition: shapes are those of the slots.
  public init(_ graph: Graph, parameters: [Tensor], architecture: JSON = .null) {
    Self.expectShapes(of: parameters, for: graph)
    self.graph = graph
    self.parameters = parameters
    self.architecture = architecture
  }

  /// A new network; kernels are drawn by `initializer`, that of the classifier head by
  /// `headInitializer`, each slot from a generator of its own.
  public init(
    _ graph: Graph, seed: UInt64, initializer: Initializer = .heNormal,
    headInitializer: Initializer = .uniform, architecture: JSON = .null
  ) {
    // Without a classifier head, every layer is drawn alike.
    let head = (try? graph.head).map { graph.nodes[$0].parameters } ?? []
    parameters = graph.parameters.enumerated().map { index, slot in
      var generator = SeededGenerator(seed: seed, "initial \(slot.layer)/\(slot.role)")
      return (head.contains(index) ? headInitializer : initializer)
        .tensor(for: slot, using: &generator)
    }
    self.graph = graph
    self.architecture = architecture
  }

  private static func expectShapes(of parameters: [Tensor], for graph: Graph) {
    precondition(
      parameters.map(\.shape) == graph.parameters.map(\.shape),
      "parameters of the shapes \(parameters.map(\.shape)) "
        + "for slots of the shapes \(graph.parameters.map(\.shape))")
  }
}
