import Checkpoints
package import Networks
package import Randomness

/// A network being trained: its executor, its optimizer, and the buffers between them.
package final class NetworkTrainer {
  private let template: Network
  private let executor: TrainingExecutor
  private var optimizer: Optimizer
  private let mode: TrainingExecutor.Mode
  private let slots: [ParameterSlot]
  private let parameters: [UnsafeMutableBufferPointer<Float>]
  private let gradients: [UnsafeMutableBufferPointer<Float>?]
  private var outputGradient: [Float]

  /// Prepares to train `network` with at most `batchSize` examples for each update.
  package init(
    _ network: Network, optimizer: OptimizerSettings, batchSize: Int,
    batchNormalization: NormalizationMode, threads: Int
  ) throws {
    template = network
    executor = try TrainingExecutor(network, capacity: batchSize, threads: threads)
    mode = batchNormalization == .train ? .train : .evaluate
    slots = network.graph.parameters
    parameters = executor.parameters
    self.optimizer = Optimizer(optimizer, parameters: parameters)
    gradients = executor.gradients
    outputGradient = [Float](repeating: 0, count: batchSize * network.outputCount)
  }

  /// One update; returns the loss before it.
  package func step(
    _ batch: Pretraining.Batch, learningRate: Double, dropout: inout SeededGenerator
  ) throws -> Double {
    switch batch {
    case .labels(let inputs, let labels):
      return try update(
        inputs, count: labels.count, learningRate: learningRate, dropout: &dropout
      ) { outputs, gradient in
        labels.withUnsafeBufferPointer { labels in
          Loss.crossEntropy(outputs, labels: labels, gradient: gradient)
        }
      }
    case .targets(let inputs, let targets):
      let count = targets.count / template.outputCount
      return try update(inputs, count: count, learningRate: learningRate, dropout: &dropout) {
        outputs, gradient in
        targets.withUnsafeBufferPointer { targets in
          Loss.squaredError(outputs, targets: targets, examples: count, gradient: gradient)
        }
      }
    }
  }

  private func update(
    _ inputs: [Float], count: Int, learningRate: Double, dropout: inout SeededGenerator,
    _ loss: (UnsafeBufferPointer<Float>, UnsafeMutableBufferPointer<Float>) -> Double
  ) throws -> Double {
    let outputs = try inputs.withUnsafeBufferPointer { inputs in
      try executor.forward(inputs, count: count, mode: mode, dropout: &dropout)
    }
    let value = try outputGradient.withUnsafeMutableBufferPointer { gradient in
      let gradient = UnsafeMutableBufferPointer(rebasing: gradient[0..<outputs.count])
      let value = loss(outputs, gradient)
      try executor.backward(UnsafeBufferPointer(gradient))
      return value
    }
    optimizer.beginStep()
    for (index, slot) in slots.enumerated() {
      guard let gradient = gradients[index] else { continue }
      optimizer.update(
        index, parameters[index], gradient: UnsafeBufferPointer(gradient),
        learningRate: learningRate, decays: slot.role.decays)
    }
    return value
  }

  /// The share of `examples` whose highest output is at their label.
  func accuracy(on examples: Examples) throws -> Double {
    let size = executor.capacity
    let classes = template.outputCount
    var correct = 0
    for first in stride(from: 0, to: examples.count, by: size) {
      let rows = first..<min(first + size, examples.count)
      try examples.inputs.withUnsafeBufferPointer { inputs in
        let width = examples.width
        let logits = try executor.forward(
          UnsafeBufferPointer(rebasing: inputs[rows.lowerBound * width..<rows.upperBound * width]),
          count: rows.count, mode: .evaluate)
        correct += rows.count { row in
          let start = (row - first) * classes
          return logits[start..<start + classes].indexOfLargest == examples.labels[row]
        }
      }
    }
    return Double(correct) / Double(max(examples.count, 1))
  }

  /// Whether every parameter is a finite number.
  var isFinite: Bool { parameters.allSatisfy { $0.allSatisfy(\.isFinite) } }

  /// The network as it is now.
  package func network() -> Network {
    var network = template
    network.parameters = executor.copyParameters()
    return network
  }
}

extension Role {
  /// Whether weight decay applies: to kernels, not to biases or to what normalises.
  fileprivate var decays: Bool {
    switch self {
    case .kernel, .depthwiseKernel, .pointwiseKernel, .recurrentKernel: true
    default: false
    }
  }
}
