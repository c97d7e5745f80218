import Checkpoints
import LinearAlgebra
import Networks
import Randomness
import Testing
import Training

/// Updates of the first layer lie in the span of the inputs, to the rounding of the weights.
@Suite struct InputSpanTests {
  private let dimension = 12
  private let rank = 4

  /// How large a part of ΔW lies outside the span after 1500 updates.
  private func outside(_ optimizer: OptimizerSettings, rate: Double) throws -> Double {
    var generator = SeededGenerator(seed: 5, "span")
    let basis = try Matrix.randomOrthogonal(dimension, using: &generator)[columns: 0..<rank]
    let latent = Matrix(rows: 96, columns: rank, values: generator.normals(96 * rank))
    let inputs = latent.timesTransposed(basis)
    let examples = Examples(
      shape: [dimension], inputs: inputs.values.map { Float($0) },
      labels: (0..<96).map { latent[$0, 0] > 0 ? (latent[$0, 1] > 0 ? 2 : 1) : 0 })
    let network = try Perceptrons.network(dimension, [16], 3)
    let run = try FineTuning.run(
      network, training: examples, validation: examples, learningRate: rate,
      settings: .init(optimizer: optimizer, learningRates: [], epochs: 250, batchSize: 16), seed: 1)
    let delta =
      Matrix(rows: dimension, columns: 16, single: run.network.parameters[0].values)
      - Matrix(rows: dimension, columns: 16, single: network.parameters[0].values)
    let inside = basis * basis.transposedTimes(delta)
    #expect(delta.frobeniusNorm > 0.1, "nothing was learned")
    return (delta - inside).frobeniusNorm / delta.frobeniusNorm
  }

  @Test func `gradient descent keeps to the span, with and without momentum`() throws {
    #expect(try outside(OptimizerSettings(.sgd, momentum: 0), rate: 0.1) < 1e-6)
    #expect(try outside(OptimizerSettings(.sgd, momentum: 0.9), rate: 0.03) < 1e-6)
  }

  @Test func `weight decay and Adam leave it`() throws {
    #expect(try outside(OptimizerSettings(.sgd, weightDecay: 1e-3), rate: 0.03) > 1e-2)
    #expect(try outside(OptimizerSettings(.adam), rate: 1e-3) > 1e-2)
  }
}
