import Checkpoints
import Foundation
import Networks
import TestSupport
import Testing

/// The same numbers as Keras 2.15 and Keras 3, to the rounding of some ten layers in Float32.
@Suite struct KerasParityTests {
  static let models = [
    "keras2_sequential", "keras2_residual", "keras3_sequential", "keras3_residual",
  ]

  @Test(arguments: models, [1, 2, 64])
  func `outputs and penultimate features are those of Keras`(model: String, batch: Int) throws {
    let fixture = try Fixture(model + ".json")
    let graph = try KerasArchitecture.graph(try #require(fixture.json["model_config"]))
    #expect(
      try graph.penultimate == graph.tap(named: try #require(fixture.json["penultimate"]?.string)))
    let executor = try InferenceExecutor(
      try fixture.network(graph), taps: [try graph.penultimate, graph.outputTap], batchSize: batch)
    let results = try executor.run(try fixture.values("inputs"))
    #expect(relativeDifference(results[0], try fixture.values("features")) < 1e-5)
    #expect(relativeDifference(results[1], try fixture.values("outputs")) < 1e-5)
  }

  @Test(arguments: ["keras2_residual", "keras3_residual"])
  func `batch statistics and moving averages are those of Keras`(model: String) throws {
    let fixture = try Fixture(model + ".json")
    let graph = try KerasArchitecture.graph(try #require(fixture.json["model_config"]))
    let inputs = try fixture.values("inputs")
    let executor = try TrainingExecutor(try fixture.network(graph), capacity: 3)
    let logits = try inputs.withUnsafeBufferPointer {
      Array(try executor.forward($0, count: 3, mode: .train))
    }
    let expected = try fixture.values("training_outputs")
    #expect(relativeDifference(softmax(logits, classes: 4), expected) < 1e-5)
    let after = try fixture.parameters("parameters_after")
    for (slot, tensor) in zip(graph.parameters, executor.copyParameters()) {
      // Keras 3 averages the variance that divides by n; here, as in Keras 2, by n − 1.
      if slot.role == .movingVariance, model.hasPrefix("keras3") { continue }
      guard slot.role.isStatistic else { continue }
      let expected = try #require(after["\(slot.layer)/\(slot.role)"])
      #expect(relativeDifference(tensor.values, expected.values) < 1e-5, "\(slot)")
    }
  }

  @Test(arguments: ["keras2_nested", "keras3_nested"])
  func `a model inside a model is read from its file`(model: String) throws {
    let network = try Network(Checkpoint.open(fixture(model + ".h5")))
    #expect(network.graph.weightLayers.map(\.name) == ["backbone/conv", "head"])
    let expected = try Fixture(model + ".json")
    let results = try InferenceExecutor(network).run(try expected.values("inputs"))
    #expect(relativeDifference(results[0], try expected.values("outputs")) < 1e-5)

    // A nested model keeps its architecture through a new head and Anamorph's own layout.
    let wider = try network.replacingHead(classes: 5, seed: 1)
    try withTemporaryFolder { folder in
      try wider.write(to: folder + "/wider.h5")
      let again = try Network(Checkpoint.open(folder + "/wider.h5"))
      #expect(again.parameters == wider.parameters)
      #expect(again.graph == wider.graph)
      #expect(again.graph.outputShape == [5])
    }
  }

  private func softmax(_ logits: [Float], classes: Int) -> [Float] {
    stride(from: 0, to: logits.count, by: classes).flatMap { start in
      let powers = logits[start..<start + classes].map { exp(Double($0)) }
      return powers.map { Float($0 / powers.reduce(0, +)) }
    }
  }
}
