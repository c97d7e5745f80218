import Checkpoints
import Foundation
import Networks
import TestSupport
import Testing

/// Layers beyond those of the families agree with Keras, read from a file with several inputs that
/// Keras wrote: `Fixtures/make_layers.py`.
@Suite struct KerasLayerTests {
  static let layers = [
    "gru_reset_after", "gru_reset_before", "gru_plain", "gru_backwards", "lstm", "lstm_rows",
    "simple", "both_lstm", "both_gru_rows", "both_gru_sum", "both_simple_average",
    "both_different", "stepwise", "heads", "heads_other_widths", "attention", "attention_scaled",
    "additive", "additive_unscaled", "causal", "transposed_steps", "depthwise_steps",
    "separable_steps", "layer_normalization", "whole_normalization", "group_normalization",
    "instance_normalization", "transposed", "transposed_valid", "transposed_padded", "grouped",
    "strided", "depthwise", "cropped", "enlarged", "enlarged_bilinear", "prelu", "standardized",
    "flat", "volumes", "volume_dilated", "volume_transposed", "volume_maximum", "volume_average",
    "volume_mean", "volume_padded", "volume_cropped", "embedded", "classes",
  ]

  @Test(arguments: ["layers2.h5", "layers3.keras"])
  func `a layer gives what it gives in Keras`(file: String) throws {
    let network = try Network(Checkpoint.open(fixture(file)))
    let expected = try Fixture(String(file.prefix(7)) + ".json")
    #expect(network.graph.inputs.map(\.name) == ["steps", "image", "volume", "tokens"])
    #expect(network.graph.inputs.map(\.shape) == [[5, 4], [5, 6, 4], [4, 5, 3, 2], [6]])
    #expect(network.graph.outputs.count == Self.layers.count)
    // The inputs of an example lie side by side.
    let given = try network.graph.inputs.map { input in
      (try values(expected, "inputs", input.name), input.shape.reduce(1, *))
    }
    let rows = (0..<2).flatMap { row in
      given.flatMap { numbers, size in numbers[row * size..<(row + 1) * size] }
    }
    let taps = try Self.layers.map { try network.graph.tap(named: $0) }
    let results = try InferenceExecutor(network, taps: taps, isExact: true).run(rows)
    for (layer, result) in zip(Self.layers, results) {
      let difference = relativeDifference(result, try values(expected, "outputs", layer))
      #expect(difference < 3e-6, "\(layer)")
    }
  }

  /// `Fixtures/make_rare_layers.py`.
  @Test(arguments: ["rare2.h5", "rare3.keras"])
  func `a rare layer, setting or operation between layers gives what it gives in Keras`(
    file: String
  ) throws {
    let network = try Network(Checkpoint.open(fixture(file)))
    let expected = try Fixture(String(file.prefix(5)) + ".json")
    let outputs = try #require(expected.json["outputs"]?.array)
    #expect(network.graph.outputs.count == outputs.count && outputs.count > 40)
    let given = try network.graph.inputs.map { input in
      (try values(expected, "inputs", input.name), input.shape.reduce(1, *))
    }
    let rows = (0..<2).flatMap { row in
      given.flatMap { numbers, size in numbers[row * size..<(row + 1) * size] }
    }
    // Two outputs may be one value.
    let taps = network.graph.outputs.map(network.graph.tap(at:))
    for (tap, output) in zip(taps, outputs) {
      let name = output["name"]?.string ?? ""
      let wanted = (output["values"]?.array ?? []).compactMap(\.double).map { Float($0) }
      let result = try InferenceExecutor(network, taps: [tap], isExact: true).run(rows)
      #expect(relativeDifference(result[0], wanted) < 3e-6, "\(name)")
    }
  }

  private func values(_ fixture: Fixture, _ key: String, _ name: String) throws -> [Float] {
    try #require(fixture.json[key]?[name]?["values"]?.array).compactMap(\.double).map { Float($0) }
  }
}
