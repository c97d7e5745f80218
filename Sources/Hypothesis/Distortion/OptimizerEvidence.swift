public import Checkpoints

/// What a checkpoint tells of the optimizer that made it, as far as the theory asks.
public struct OptimizerEvidence: Equatable, Sendable {
  /// Whether its updates stay in the span of a layer's inputs; `nil` when nothing is known.
  public var keepsSpan: Bool?

  /// The optimizer in words.
  public var summary: String

  /// What the user knows of the optimizer.
  public init(named name: String) {
    let record = OptimizerRecord(name: name, source: "option")
    keepsSpan = record.isGradientDescent ?? false
    summary = name
  }

  /// What a checkpoint records: the optimizer's name, its weight decay, and penalties on weights in
  /// the architecture, which act like it.
  public init(_ checkpoint: Checkpoint) {
    let decay =
      checkpoint.training?["optimizer"]?["weight_decay"]?.double
      ?? checkpoint.optimizer?.settings?["weight_decay"]?.double ?? 0
    let hasPenalty =
      checkpoint.architecture.flatMap { try? JSON(parsing: $0) }?.hasKernelPenalty ?? false
    let name = checkpoint.training?["optimizer"]?["name"]?.string ?? checkpoint.optimizer?.name
    guard let name else {
      // A penalty shows in the architecture whatever the optimizer was.
      keepsSpan = hasPenalty ? false : nil
      summary = hasPenalty ? "trained with a penalty on the kernels" : "not recorded"
      return
    }
    let isDescent = OptimizerRecord(name: name, source: "").isGradientDescent ?? false
    keepsSpan = isDescent && decay == 0 && !hasPenalty
    var parts = [name]
    if decay != 0 { parts.append("weight decay \(decay)") }
    if hasPenalty { parts.append("a penalty on the kernels") }
    summary = parts.joined(separator: " with ")
  }
}

extension JSON {
  /// Whether any layer of a Keras configuration has a kernel regulariser.
  fileprivate var hasKernelPenalty: Bool {
    switch self {
    case .array(let elements): elements.contains { $0.hasKernelPenalty }
    case .object(let members):
      members.contains { key, value in
        (["kernel_regularizer", "W_regularizer", "depthwise_regularizer"].contains(key)
          && !value.isNull) || value.hasKernelPenalty
      }
    default: false
    }
  }
}
