import Foundation
import Networks
import Testing

/// Prints times; run in release mode with `RUN_BENCHMARKS=1`.
@Suite(
  .serialized,
  .enabled(if: ProcessInfo.processInfo.environment["RUN_BENCHMARKS"] != nil))
struct ExecutorSpeedTests {
  /// The best mean time of one call, in microseconds.
  private func microseconds(_ repetitions: Int, _ body: () throws -> Void) rethrows -> Double {
    var best = Double.infinity
    for _ in 0..<7 {
      let elapsed = try ContinuousClock().measure { for _ in 0..<repetitions { try body() } }
      best = min(best, elapsed / .microseconds(1) / Double(repetitions))
    }
    return best
  }

  private func step(_ graph: Graph, count: Int, repetitions: Int) throws -> Double {
    let executor = try TrainingExecutor(Network(graph, seed: 1), capacity: count)
    let inputs = randomValues(count * graph.inputShape.reduce(1, *), seed: 2)
    let gradient = randomValues(count * graph.nodes[graph.logits].size, seed: 3)
    return try inputs.withUnsafeBufferPointer { inputs in
      try gradient.withUnsafeBufferPointer { gradient in
        try microseconds(repetitions) {
          try executor.forward(inputs, count: count, mode: .train)
          try executor.backward(gradient)
        }
      }
    }
  }

  @Test(arguments: [[30, 24, 4], [64, 128, 64, 32, 3], [512, 512, 512, 10]])
  func `a training step of a perceptron`(widths: [Int]) throws {
    let graph = try ArchitectureDescription.perceptron(
      inputs: widths[0], hidden: Array(widths[1..<widths.count - 1]),
      classes: widths[widths.count - 1]
    ).graph()
    let time = try step(graph, count: 32, repetitions: 2000)
    print("training step \(widths), 32 examples: \(time) µs")
    #expect(time < 5000)
  }

  @Test func `a residual network for small images`() throws {
    let graph = try residualNetwork()
    for (count, repetitions) in [(32, 20)] {
      let time = try step(graph, count: count, repetitions: repetitions)
      print("training step, ResNet-8 at 32×32, \(count) examples: \(time) µs")
    }
    for batch in [1, 64] {
      let executor = try InferenceExecutor(Network(graph, seed: 1), batchSize: batch)
      let inputs = randomValues(batch * 3072, seed: 2)
      let time = try inputs.withUnsafeBufferPointer { inputs in
        try microseconds(20) { try executor.run(inputs) { _ in } }
      }
      print("inference, ResNet-8 at 32×32: \(time / Double(batch)) µs per image in \(batch)s")
    }
    let layer = try #require(graph.weightLayer(named: "conv1"))
    let values = randomValues(64 * layer.inputTap.size, seed: 1)
    var rows = [Float](repeating: 0, count: 64 * layer.positions * layer.fanIn)
    let time = rows.withUnsafeMutableBufferPointer { rows in
      values.withUnsafeBufferPointer { values in
        microseconds(5) { layer.inputRows(of: values, examples: 0..<64, into: rows) }
      }
    }
    print("im2col, fan-in \(layer.fanIn): \(time * 1000 / Double(64 * layer.positions)) ns per row")
  }

  /// The shape of MLPerf Tiny's ResNet for CIFAR-10.
  private func residualNetwork() throws -> Graph {
    var builder = try GraphBuilder(inputShape: [32, 32, 3])
    var number = 0
    func convolve(
      _ value: Int, _ filters: Int, _ kernel: Int, _ stride: Int, _ builder: inout GraphBuilder
    ) throws -> Int {
      defer { number += 1 }
      let window = Window(Extent(kernel), strides: Extent(stride), padding: .same)
      return try builder.add(
        "conv\(number)", .convolution(Convolution(window, filters: filters)), to: value)
    }
    func normalize(_ value: Int, _ builder: inout GraphBuilder) throws -> Int {
      try builder.add("bn\(number)", .batchNormalization(BatchNormalization()), to: value)
    }
    func relu(_ name: String, _ value: Int, _ builder: inout GraphBuilder) throws -> Int {
      try builder.add(name, .activation(.relu), to: value)
    }
    var value = try convolve(builder.input, 16, 3, 1, &builder)
    value = try relu("relu", normalize(value, &builder), &builder)
    for (block, filters) in [16, 32, 64].enumerated() {
      let stride = block == 0 ? 1 : 2
      var path = try normalize(convolve(value, filters, 3, stride, &builder), &builder)
      path = try relu("relu\(block)a", path, &builder)
      path = try normalize(convolve(path, filters, 3, 1, &builder), &builder)
      let shortcut = block == 0 ? value : try convolve(value, filters, 1, 2, &builder)
      value = try builder.add("add\(block)", .add, to: [shortcut, path])
      value = try relu("relu\(block)b", value, &builder)
    }
    value = try builder.add("pool", .globalAveragePooling(keepsAxes: false), to: value)
    value = try builder.add("head", .dense(outputs: 10, hasBias: true), to: value)
    value = try builder.add("softmax", .softmax, to: value)
    return builder.graph(output: value)
  }
}
