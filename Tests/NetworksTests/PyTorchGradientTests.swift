import Checkpoints
import Networks
import Testing

/// The gradients of a small convolutional network are PyTorch's.
@Suite struct PyTorchGradientTests {
  @Test func `every gradient of a small network is the one that PyTorch computes`() throws {
    let fixture = try Fixture("torch_gradients.json")
    let symmetric = Padding.explicit(top: 1, bottom: 1, left: 1, right: 1)
    var builder = try GraphBuilder(inputShape: [8, 8, 2])
    var value = try builder.add(
      "conv1", .convolution(Convolution(Window(Extent(3), padding: symmetric), filters: 4)),
      to: builder.input)
    value = try builder.add(
      "norm", .batchNormalization(BatchNormalization(momentum: 0.9)), to: value)
    value = try builder.add("relu", .activation(.relu), to: value)
    value = try builder.add(
      "pool", .maximumPooling(Window(Extent(2), strides: Extent(2))), to: value)
    value = try builder.add(
      "conv2",
      .convolution(
        Convolution(
          Window(Extent(3), strides: Extent(2), padding: symmetric), filters: 6, hasBias: false)),
      to: value)
    value = try builder.add("tanh", .activation(.tanh), to: value)
    value = try builder.add("flatten", .reshape([24]), to: value)
    value = try builder.add("dense", .dense(outputs: 3, hasBias: true), to: value)
    let graph = builder.graph(output: value)

    let executor = try TrainingExecutor(try fixture.network(graph), capacity: 5)
    let logits = try fixture.values("inputs").withUnsafeBufferPointer {
      Array(try executor.forward($0, count: 5, mode: .train))
    }
    #expect(relativeDifference(logits, try fixture.values("outputs")) < 1e-5)
    try fixture.values("output_gradient").withUnsafeBufferPointer { try executor.backward($0) }

    let expected = try fixture.parameters("gradients")
    for (slot, gradient) in zip(graph.parameters, executor.gradients) {
      guard let gradient else {
        #expect(slot.role.isStatistic)
        continue
      }
      let reference = try #require(expected["\(slot.layer)/\(slot.role)"]).values
      if slot.layer == "conv1", slot.role == .bias {
        // A bias before a batch normalization changes nothing: both sides hold rounding errors.
        #expect(gradient.allSatisfy { abs($0) < 1e-6 })
      } else {
        #expect(relativeDifference(Array(gradient), reference) < 1e-5, "\(slot)")
      }
    }
    let parameters = executor.copyParameters()
    for (role, key) in [
      (Role.movingMean, "moving_mean_after"), (.movingVariance, "moving_variance_after"),
    ] {
      let slot = try #require(graph.parameters.firstIndex { $0.role == role })
      #expect(relativeDifference(parameters[slot].values, try fixture.values(key)) < 1e-5)
    }
  }
}
