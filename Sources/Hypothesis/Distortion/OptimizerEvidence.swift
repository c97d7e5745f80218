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
    keepsSpan = record.isGradientDescent
    summary = name
  }

  /// What a checkpoint records: the optimizer's name, its weight decay, whether it clips gradients
  /// number by number, and penalties and constraints on weights in the architecture, which act like
  /// weight decay. Clipping by norm only makes an update shorter.
  public init(_ checkpoint: Checkpoint) {
    let decay =
      checkpoint.training?["optimizer"]?["weight_decay"]?.double
      ?? checkpoint.optimizer?.settings?["weight_decay"]?.double ?? 0
    let hasPenalty =
      checkpoint.architecture.flatMap { try? JSON(parsing: $0) }?.hasKernelPenalty ?? false
    let clips = checkpoint.optimizer?.settings?["clipvalue"]?.double != nil
    let name = checkpoint.training?["optimizer"]?["name"]?.string ?? checkpoint.optimizer?.name
    guard let name else {
      // A penalty shows in the architecture whatever the optimizer was.
      keepsSpan = hasPenalty ? false : nil
      summary = hasPenalty ? "trained with a penalty or constraint on the kernels" : "not recorded"
      return
    }
    let isDescent = OptimizerRecord(name: name, source: "").isGradientDescent ?? false
    keepsSpan = isDescent && decay == 0 && !clips && !hasPenalty
    var parts = [name]
    if decay != 0 { parts.append("weight decay \(decay)") }
    if clips { parts.append("gradients clipped by value") }
    if hasPenalty { parts.append("a penalty or constraint on the kernels") }
    summary = parts.joined(separator: " with ")
  }
}

extension JSON {
  /// Whether any layer of a Keras configuration has a regulariser or a constraint of its kernel.
  fileprivate var hasKernelPenalty: Bool {
    switch self {
    case .array(let elements): elements.contains { $0.hasKernelPenalty }
    case .object(let members):
      members.contains { key, value in
        (Self.kernelPenalties.contains(key) && !value.isNull) || value.hasKernelPenalty
      }
    default: false
    }
  }

  private static let kernelPenalties: Set = [
    "kernel_regularizer", "kernel_constraint", "W_regularizer", "W_constraint",
    "depthwise_regularizer", "depthwise_constraint", "pointwise_regularizer",
    "pointwise_constraint",
  ]
}
