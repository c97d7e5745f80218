import Checkpoints
import Networks
import Randomness
import Testing
import Training

@Suite struct FineTuningTests {
  private let easy = Perceptrons.clusters(60, dimension: 4, classes: 3, distance: 12, seed: 1)
  private let hard = Perceptrons.clusters(150, dimension: 4, classes: 3, distance: 1.2, seed: 2)
  private let other = Perceptrons.clusters(90, dimension: 4, classes: 3, distance: 1.2, seed: 3)

  private func settings(_ rates: [Double] = [0.05], epochs: Int = 6) -> FineTuning.Settings {
    .init(learningRates: rates, epochs: epochs, batchSize: 16)
  }

  private func run(
    _ network: Network, on examples: Examples, rate: Double = 0.05, epochs: Int = 6,
    seed: UInt64 = 7, threads: Int = 1
  ) throws -> FineTuning.Run {
    try FineTuning.run(
      network, training: examples, validation: other, learningRate: rate,
      settings: settings(epochs: epochs), seed: seed, threads: threads)
  }

  @Test func `the same seed gives the same bits, another seed does not`() throws {
    let network = try Perceptrons.network(4, [8], 3)
    let first = try run(network, on: hard)
    let second = try run(network, on: hard)
    #expect(first.network.parameters == second.network.parameters)
    #expect(first.epochs == second.epochs)
    #expect(try run(network, on: hard, seed: 8).network.parameters != first.network.parameters)
  }

  @Test func `runs side by side give the bits of a run alone`() async throws {
    let network = try Perceptrons.network(4, [8], 3)
    let alone = try run(network, on: hard)
    let results = try await withThrowingTaskGroup(of: FineTuning.Run.self) { group in
      for _ in 0..<4 { group.addTask { try run(network, on: hard) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(results.count == 4)
    for result in results {
      #expect(result.network.parameters == alone.network.parameters)
      #expect(result.epochs == alone.epochs)
    }
  }

  @Test func `two threads in a run change no more than rounding`() throws {
    let network = try Perceptrons.network(4, [8], 3)
    // One epoch: rounding differences grow as training goes on.
    let (one, two) = (
      try run(network, on: hard, epochs: 1), try run(network, on: hard, epochs: 1, threads: 2)
    )
    for (a, b) in zip(one.network.parameters, two.network.parameters) {
      #expect(largestDifference(a.values, b.values) < 1e-4)
    }
    #expect(
      try run(network, on: hard, threads: 2).network.parameters
        == run(network, on: hard, threads: 2).network.parameters)
  }

  @Test func `the best epoch is kept, the later one of equals`() throws {
    let network = try Perceptrons.network(4, [8], 3)
    let result = try run(network, on: hard, epochs: 12)
    let best = try #require(result.epochs.map(\.validationAccuracy).max())
    #expect(result.best.validationAccuracy == best)
    #expect(result.best.number == result.epochs.last { $0.validationAccuracy == best }?.number)
    #expect(try result.network.accuracy(on: other) == best)

    let perfect = try FineTuning.run(
      network, training: easy, validation: easy, learningRate: 0.02, settings: settings(epochs: 9),
      seed: 1)
    #expect(perfect.epochs.filter { $0.validationAccuracy == 1 }.count > 1)
    #expect(perfect.best.number == 9)
  }

  @Test func `the earlier learning rate wins among equals`() throws {
    let network = try Perceptrons.network(4, [8], 3)
    for rates in [[0.02, 0.03], [0.03, 0.02]] {
      let (best, runs) = try FineTuning.select(
        network, training: easy, validation: easy, settings: settings(rates), seed: 1)
      #expect(runs.map(\.best.validationAccuracy) == [1, 1])
      #expect(best.learningRate == rates[0])
    }
  }

  @Test func `the better learning rate wins wherever it stands`() throws {
    let network = try Perceptrons.network(4, [8], 3)
    for rates in [[1e-9, 0.02], [0.02, 1e-9]] {
      let (best, runs) = try FineTuning.select(
        network, training: easy, validation: easy, settings: settings(rates), seed: 1)
      #expect(best.learningRate == 0.02)
      #expect(runs.map(\.learningRate) == rates)
    }
  }

  @Test func `a learning rate that overflows is left out, and said when it is the only one`() throws
  {
    let network = try Perceptrons.network(4, [8], 3)
    var tried: [Double] = []
    let (best, runs) = try FineTuning.select(
      network, training: easy, validation: easy, settings: settings([1e30, 0.02]), seed: 1
    ) { tried.append($0) }
    #expect(best.learningRate == 0.02 && runs.count == 1 && tried == [1e30, 0.02])
    #expect(
      reason {
        try FineTuning.select(
          network, training: easy, validation: easy, settings: settings([1e30]), seed: 1)
      } == "the loss or a weight was not finite in the first epoch at learning rate 1e+30; "
        + "try a smaller one")
  }

  @Test func `weights that overflow in the only update of an epoch are not kept`() throws {
    let network = try Perceptrons.network(4, [8], 3)
    var whole = settings()
    whole.batchSize = easy.count
    #expect(
      reason {
        try FineTuning.run(
          network, training: easy, validation: easy, learningRate: 1e39, settings: whole, seed: 1)
      }.hasPrefix("the loss or a weight was not finite"))
  }

  @Test func `an oracle's set is recorded and decides nothing`() throws {
    let network = try Perceptrons.network(4, [8], 3)
    let watched = try FineTuning.run(
      network, training: hard, validation: other, watched: easy, learningRate: 0.05,
      settings: settings(), seed: 7)
    let plain = try run(network, on: hard)
    #expect(watched.network.parameters == plain.network.parameters)
    #expect(watched.epochs.allSatisfy { $0.watchedAccuracy != nil })
    #expect(plain.epochs.allSatisfy { $0.watchedAccuracy == nil })
  }

  @Test func `sets that do not fit are refused in words`() throws {
    let network = try Perceptrons.network(4, [8], 3)
    func refusal(_ training: Examples, _ validation: Examples) -> String {
      reason {
        try FineTuning.run(
          network, training: training, validation: validation, learningRate: 0.1,
          settings: settings(), seed: 1)
      }
    }
    let empty = Examples(shape: [4], inputs: [], labels: [])
    #expect(refusal(empty, easy) == "a set without examples cannot be used")
    #expect(refusal(easy, empty) == "a set without examples cannot be used")
    let outside = Examples(shape: [4], inputs: [0, 0, 0, 0, 1, 1, 1, 1], labels: [0, 3])
    #expect(refusal(outside, easy) == "row 1: label 3 is outside the classes 0…2")
    #expect(refusal(easy, outside) == "row 1: label 3 is outside the classes 0…2")
    let negative = Examples(shape: [4], inputs: [0, 0, 0, 0], labels: [-1])
    #expect(refusal(negative, easy) == "row 0: label -1 is outside the classes 0…2")
    let wide = Examples(shape: [5], inputs: [0, 0, 0, 0, 0], labels: [0])
    #expect(refusal(wide, easy) == "the examples are 5 and the network reads 4")
    #expect(
      reason {
        try FineTuning.run(
          network, training: easy, validation: easy, learningRate: 0.1,
          settings: settings(epochs: 0), seed: 1)
      } == "fine-tuning needs at least one epoch and one example per batch")
    #expect(
      reason {
        try FineTuning.run(
          network, training: easy, validation: easy, learningRate: 0.1,
          settings: settings(epochs: .max), seed: 1)
      }.hasSuffix("are too many"))
    #expect(
      reason {
        try FineTuning.select(
          network, training: easy, validation: easy, settings: settings([]), seed: 1)
      } == "there is no learning rate to try")
  }

  @Test func `images with their axes in another order are refused, flat ones are not`() throws {
    let description = ArchitectureDescription(
      inputShape: [4, 4, 2],
      layers: [.init("flatten", .flatten), .init("head", .dense(outputs: 2, hasBias: true))])
    let network = Network(try description.graph(), seed: 1)
    func examples(_ shape: [Int]) -> Examples {
      Examples(shape: shape, inputs: [Float](repeating: 1, count: 32), labels: [0])
    }
    #expect(try network.predictions(on: examples([4, 4, 2])).count == 1)
    #expect(try network.predictions(on: examples([32])).count == 1)
    #expect(
      reason { try network.predictions(on: examples([2, 4, 4])) }
        == "the examples are 2×4×4 and the network reads 4×4×2")
  }

  @Test func `pretraining refuses batches that do not fit`() throws {
    let network = try Perceptrons.network(2, [3], 2)
    func refusal(_ batch: Pretraining.Batch) -> String {
      reason {
        try Pretraining.run(
          network, settings: .init(steps: 1, batchSize: 2, learningRate: 0.1), seed: 1
        ) { _, _ in batch }
      }
    }
    #expect(refusal(.labels(inputs: [1, 2, 3, 4], [0, 1])) == "")
    #expect(refusal(.labels(inputs: [1, 2], [2])) == "label 2 is outside the classes 0…1")
    #expect(
      refusal(.labels(inputs: [1, 2, 3], [0, 1]))
        == "3 values for 2 examples, and the network reads 2 of each")
    #expect(
      refusal(.labels(inputs: [], []))
        == "a batch of 0 examples where at most 2 are expected")
    #expect(
      refusal(.targets(inputs: [1, 2], [1, 2, 3])) == "3 targets for 2 outputs per example")
    #expect(
      reason {
        try Pretraining.run(
          network, settings: .init(steps: 0, batchSize: 2, learningRate: 0.1), seed: 1
        ) { _, _ in .labels(inputs: [1, 2], [0]) }
      } == "pretraining needs at least one update and one example per batch")
    #expect(
      reason {
        try Pretraining.run(
          network,
          settings: .init(
            optimizer: OptimizerSettings(.sgd), steps: 9, batchSize: 1, learningRate: 1e30),
          seed: 1
        ) { _, _ in .labels(inputs: [1, 2], [0]) }
      }.hasPrefix("the loss was not finite at update "))
  }

  /// What an error says; empty when there was none.
  private func reason<R>(_ body: () throws -> R) -> String {
    do {
      _ = try body()
      return ""
    } catch { return "\(error)" }
  }
}
