import Checkpoints
import Files
import Networks
import TestSupport
import Testing

/// Weights by number are bound by their configuration, and never by names that look alike:
/// `Fixtures/make_orders.py`.
@Suite struct KerasOrderTests {
  private static let names = ["swapped", "custom", "nested", "parts"]

  private func checkpoint(_ version: Int, _ name: String) throws -> Checkpoint {
    try Checkpoint.open(fixture("orders\(version)_\(name).weights.h5"))
  }

  private func model(_ version: Int, _ name: String) throws -> JSON {
    try #require(try Fixture("orders\(version).json").json["models"]?[name])
  }

  private func numbers(_ json: JSON?) throws -> [Float] {
    try #require(json?["values"]?.array).compactMap(\.double).map { Float($0) }
  }

  @Test(arguments: [2, 3], names)
  func `a configuration orders and names weights by number`(version: Int, name: String) throws {
    let model = try model(version, name)
    let configuration: JSON = try #require(model["model_config"])
    let network = try Network(checkpoint(version, name), architecture: configuration)
    let results = try InferenceExecutor(network, isExact: true).run(numbers(model["inputs"]))
    #expect(try relativeDifference(results[0], numbers(model["outputs"])) < 3e-6)
  }

  @Test(arguments: [2, 3])
  func `the layers of weights by number are those of the configuration`(version: Int) throws {
    let configuration: JSON = try #require(try model(version, "custom")["model_config"])
    let ordered = try checkpoint(version, "custom").ordered(by: configuration)
    #expect(
      ordered.layers.filter { !$0.parameters.isEmpty }.map(\.name) == ["omega", "zeta", "alpha"])
    #expect(ordered.namesAreThoseOfLayers)
    #expect(try checkpoint(version, "custom").namesAreThoseOfLayers == (version == 3))
  }

  @Test func `names by number are not taken for those of layers`() throws {
    // Anamorph's description of the same network, whose names fit by chance.
    let description = ArchitectureDescription(
      inputShape: [4],
      layers: [
        .init("dense_1", .dense(outputs: 4, hasBias: true)),
        .init("dense", .dense(outputs: 4, hasBias: true)),
        .init("dense_2", .dense(outputs: 2, hasBias: true)),
      ])
    let error = try #require(throws: FileError.self) {
      try Network(checkpoint(2, "swapped"), architecture: description.json)
    }
    #expect(
      error.reason
        == "numbers its layers within their class and does not record their names; give the model's "
        + "own configuration, Keras's model.to_json(), as the architecture")
  }

  @Test func `a configuration of another network is refused`() throws {
    let other: JSON = try #require(try model(2, "swapped")["model_config"])
    let missing = try #require(throws: FileError.self) {
      try Network(checkpoint(2, "nested"), architecture: other)
    }
    #expect(
      missing.object == "sequential" && missing.reason.hasPrefix("the architecture has no layer"))
    // Names that newer files record say that two layers have changed places.
    let configuration: JSON = try #require(try model(3, "custom")["model_config"])
    let turned = try JSON(
      parsing: configuration.text().replacing("alpha", with: "x").replacing("omega", with: "alpha")
        .replacing("\"x\"", with: "\"omega\""))
    let error = try #require(throws: FileError.self) {
      try Network(checkpoint(3, "custom"), architecture: turned)
    }
    #expect(
      error.reason == "holds the layer 'omega', which in the architecture is another one than the "
        + "layer 'alpha' in this place")
  }
}
