import Checkpoints
import Networks
import Testing
import Training

/// What optimizers do, against PyTorch.
@Suite struct OptimizerTests {
  struct Reference: Decodable {
    struct Run: Decodable {
      var name: String
      var method: OptimizerSettings.Method
      var momentum: Double
      var weightDecay: Double
      var rate: Double
      var squared: Bool
      var finalLoss: Double
      var parameters: [[Float]]
    }
    struct FineTuned: Decodable {
      struct Epoch: Decodable {
        var loss: Double
        var parameters: [[Float]]
      }
      var rate: Double
      var epochs: [Epoch]
    }
    var inputs: [[Float]]
    var labels: [[Int]]
    var targets: [[Float]]
    var start: [[Float]]
    var runs: [Run]
    var fineTuning: FineTuned

    func network() throws -> Network {
      let graph = try ArchitectureDescription.perceptron(inputs: 4, hidden: [6], classes: 3).graph()
      return Network(
        graph,
        parameters: zip(graph.parameters, start).map { Tensor(shape: $0.shape, values: $1) })
    }
  }

  @Test func `twenty updates on given batches end where PyTorch's end`() throws {
    let reference = try decode(Reference.self, from: "optimizers.json")
    #expect(reference.runs.count == 6)
    for run in reference.runs {
      var step = 0
      let result = try Pretraining.run(
        try reference.network(),
        settings: .init(
          optimizer: OptimizerSettings(
            run.method, momentum: run.momentum, weightDecay: run.weightDecay),
          steps: 20, batchSize: 8, learningRate: run.rate),
        seed: 0
      ) { _, _ in
        defer { step += 1 }
        return run.squared
          ? .targets(inputs: reference.inputs[step], reference.targets[step])
          : .labels(inputs: reference.inputs[step], reference.labels[step])
      }
      for (tensor, expected) in zip(result.network.parameters, run.parameters) {
        #expect(largestDifference(tensor.values, expected) < 1e-5, "\(run.name)")
      }
      #expect(abs(result.finalLoss - run.finalLoss) < 1e-5, "\(run.name)")
    }
  }

  @Test func `fine-tuning with all examples in a batch is PyTorch's, epoch by epoch`() throws {
    let reference = try decode(Reference.self, from: "optimizers.json")
    let examples = Examples(
      shape: [4], inputs: Array(reference.inputs.joined()),
      labels: Array(reference.labels.joined()))
    let run = try FineTuning.run(
      try reference.network(), training: examples, validation: examples,
      learningRate: reference.fineTuning.rate,
      settings: .init(learningRates: [], epochs: 10, batchSize: examples.count), seed: 4)
    #expect(run.epochs.map(\.number) == Array(1...10))
    for (epoch, expected) in zip(run.epochs, reference.fineTuning.epochs) {
      #expect(abs(epoch.trainingLoss - expected.loss) < 1e-5)
    }
    let expected = reference.fineTuning.epochs[run.best.number - 1].parameters
    for (tensor, values) in zip(run.network.parameters, expected) {
      #expect(largestDifference(tensor.values, values) < 1e-5)
    }
  }

  @Test func `an optimizer says what it is and whether it keeps the span`() {
    #expect(OptimizerSettings(.sgd).summary == "SGD, momentum 0.9")
    #expect(OptimizerSettings(.sgd, momentum: 0).summary == "SGD")
    #expect(
      OptimizerSettings(.sgd, weightDecay: 0.01).summary == "SGD, momentum 0.9, weight decay 0.01")
    #expect(OptimizerSettings(.adam, weightDecay: 1e-4).summary == "Adam, weight decay 0.0001")
    #expect(OptimizerSettings(.sgd).keepsUpdatesInInputSpan)
    #expect(!OptimizerSettings(.sgd, weightDecay: 1e-9).keepsUpdatesInInputSpan)
    #expect(!OptimizerSettings(.adam).keepsUpdatesInInputSpan)
  }
}
