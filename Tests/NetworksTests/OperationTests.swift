import Checkpoints
import Foundation
import Networks
import Testing

/// Results that can be worked out by hand.
@Suite struct OperationTests {
  private func run(
    _ shape: [Int], _ operation: Networks.Operation, _ parameters: [Tensor] = [], _ inputs: [Float]
  ) throws -> [Float] {
    try InferenceExecutor(Network(try row(shape, [operation]), parameters: parameters))
      .run(inputs)[0]
  }

  @Test func `padding does not count in an average, nor in a maximum of negative numbers`() throws {
    let window = Window(Extent(2), strides: Extent(1), padding: .same)
    let image: [Float] = [-1, -2, -3, -4]
    #expect(
      try run([2, 2, 1], .averagePooling(window, countsPadding: false), [], image) == [
        -2.5, -3, -3.5, -4,
      ])
    #expect(try run([2, 2, 1], .maximumPooling(window), [], image) == [-1, -2, -3, -4])
  }

  @Test func `SAME padding puts the odd row after the image`() throws {
    // Stride 2 on 4 pixels with 3 taps needs one pixel of padding, on the right.
    let window = Window(Extent(1, 3), strides: Extent(1, 2), padding: .same)
    let kernel = Tensor(shape: [1, 3, 1, 1], values: [1, 10, 100])
    let convolution = Networks.Operation.convolution(
      Convolution(window, filters: 1, hasBias: false))
    #expect(try run([1, 4, 1], convolution, [kernel], [1, 2, 3, 4]) == [321, 43])
  }

  @Test func `a convolution does not flip its kernel and mixes channels as Keras stores them`()
    throws
  {
    // height × width × inputs × outputs = 1 × 2 × 2 × 2
    let kernel = Tensor(shape: [1, 2, 2, 2], values: [1, 0, 0, 1, 10, 0, 0, 100])
    let bias = Tensor(shape: [2], values: [0.5, -0.5])
    let convolution = Networks.Operation.convolution(Convolution(Window(Extent(1, 2)), filters: 2))
    // Pixels (1, 2), (3, 4), (5, 6).
    #expect(
      try run([1, 3, 2], convolution, [kernel, bias], [1, 2, 3, 4, 5, 6])
        == [31.5, 401.5, 53.5, 603.5])
  }

  @Test func `images are flattened by height, width, channel`() throws {
    let numbers = (0..<12).map { Float($0) }
    #expect(try run([2, 3, 2], .reshape([12]), [], numbers) == numbers)
    let padded = try run(
      [1, 2, 2], .zeroPadding(top: 1, bottom: 0, left: 0, right: 1), [], [1, 2, 3, 4])
    #expect(padded == [0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0])
  }

  @Test func `pooling over all positions`() throws {
    let image: [Float] = [1, -1, 2, -2, 3, -3, 6, -6]
    #expect(try run([2, 2, 2], .globalAveragePooling(keepsAxes: false), [], image) == [3, -3])
    #expect(try run([2, 2, 2], .globalMaximumPooling(keepsAxes: true), [], image) == [6, -1])
  }

  @Test func `batch normalization in train and evaluate mode`() throws {
    let normalization = BatchNormalization(epsilon: 1, momentum: 0.5)
    let graph = try row([1], [.batchNormalization(normalization)])
    #expect(graph.parameters.map(\.role) == [.gamma, .beta, .movingMean, .movingVariance])
    let numbers: [Float] = [2, 1, 5, 3]
    let network = Network(
      graph, parameters: numbers.map { Tensor(shape: [1], values: [$0]) })
    let inputs: [Float] = [1, 5, 3]
    // 2 (x − 5) / √(3 + 1) + 1
    #expect(try InferenceExecutor(network).run(inputs)[0] == [-3, 1, -1])
    let executor = try TrainingExecutor(network, capacity: 3)
    let trained = try inputs.withUnsafeBufferPointer {
      Array(try executor.forward($0, count: 3, mode: .train))
    }
    // Mean 3, variance 8/3: 2 (x − 3) / √(11/3) + 1.
    let step = Float(4 / (11.0 / 3).squareRoot())
    #expect(relativeDifference(trained, [1 - step, 1 + step, 1]) < 1e-6)
    // Half of (5, 3) stays; the batch gives its mean 3 and its variance with n − 1, 4.
    let after = executor.copyParameters().map { $0.values[0] }
    #expect(after[2] == 4)
    #expect(abs(after[3] - 3.5) < 1e-6)
  }

  @Test func `a softmax of large numbers stays finite`() throws {
    let values = try run([3], .softmax, [], [1000, 1000, -1000])
    #expect(values == [0.5, 0.5, 0])
  }

  @Test func `activations`() throws {
    let numbers: [Float] = [-2, -0.5, 0, 3, 9]
    func apply(_ activation: Activation) throws -> [Float] {
      try run([5], .activation(activation), [], numbers)
    }
    #expect(try apply(.relu) == [0, 0, 0, 3, 9])
    #expect(try apply(.relu6) == [0, 0, 0, 3, 6])
    #expect(try apply(.leakyRelu(slope: 0.5)) == [-1, -0.25, 0, 3, 9])
    for (activation, function) in [
      (Activation.tanh, { tanh($0) }), (.sigmoid, { 1 / (1 + exp(-$0)) }),
      (.elu(alpha: 2), { $0 > 0 ? $0 : 2 * (exp($0) - 1) }),
    ] as [(Activation, (Double) -> Double)] {
      let expected = numbers.map { Float(function(Double($0))) }
      #expect(relativeDifference(try apply(activation), expected) < 1e-6)
    }
  }
}
