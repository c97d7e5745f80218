import Checkpoints
import Networks
import Randomness
import TestSupport
import Testing
import Training

/// Five steps of stochastic gradient descent end at the weights where torch.optim's end, in Float64, as
/// `NetworksTests/Fixtures/make_fixtures_gradients.py` wrote them.
@Suite struct TorchTrainingTests {
  private func open(_ name: String) throws -> Checkpoint {
    try Checkpoint.open(fixture("../../NetworksTests/Fixtures/Gradients/\(name).safetensors"))
  }

  private func values(_ name: String, in checkpoint: Checkpoint) throws -> [Float] {
    try checkpoint.tensor(try #require(checkpoint.parameters.first { $0.name == name })).values
  }

  @Test(arguments: [("resnet_small", 0.0), ("vit", 0.01)])
  func `five steps are torch.optim's`(name: String, decay: Double) throws {
    var options = StateDictionaryArchitecture.Options()
    options.imageSize = Extent(16)
    let network = try Network(open("\(name).state"), options: options)
    let expected = try Network(open("\(name).trained"), options: options)
    let examples = try open("size16.examples")
    let images = try values("images", in: examples)
    let labels = try values("labels", in: examples).map { Int($0) }
    let trainer = try NetworkTrainer(
      network, optimizer: OptimizerSettings(.sgd, momentum: 0.9, weightDecay: decay),
      batchSize: labels.count, batchNormalization: .train, threads: 1)
    var generator = SeededGenerator(seed: 1, "dropout")
    for _ in 0..<5 {
      _ = try trainer.step(
        .labels(inputs: images, labels), learningRate: 0.05, dropout: &generator)
    }
    var worst: Float = 0
    for (slot, (actual, expected)) in zip(
      network.graph.parameters, zip(trainer.network().parameters, expected.parameters))
    {
      let scale = expected.values.reduce(0) { max($0, abs($1)) }
      let difference = zip(actual.values, expected.values).reduce(0) {
        max($0, abs($1.0 - $1.1))
      }
      worst = max(worst, difference / scale)
      #expect(difference / scale < 1e-5, "\(slot)")
    }
    let moved = zip(network.parameters, expected.parameters).contains { $0.values != $1.values }
    #expect(moved && worst > 0)
  }
}
