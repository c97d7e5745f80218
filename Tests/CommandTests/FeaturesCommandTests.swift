import Checkpoints
import Foundation
import HDF5
import TestSupport
import Testing

/// `anamorph features` on a network with several inputs, against what Keras gives: the fixtures of
/// `NetworksTests/Fixtures/make_layers.py`.
@Suite struct FeaturesCommandTests {
  private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().appending(components: "NetworksTests", "Fixtures")

  private static func numbers(_ key: String, _ name: String) throws -> ([Int], [Float]) {
    let json = try JSON(
      parsing: String(contentsOf: fixtures.appending(component: "layers2.json"), encoding: .utf8))
    let array = try #require(json[key]?[name])
    let shape = try #require(array["shape"]?.array).compactMap(\.int)
    return (shape, try #require(array["values"]?.array).compactMap(\.double).map { Float($0) })
  }

  /// Runs `features` in a folder that holds a set for each input.
  private func features(_ arguments: [String], inputs: [String] = Self.inputs) throws -> (
    CommandResult, shape: [Int], values: [Float]
  ) {
    try withTemporaryFolder { folder -> (CommandResult, shape: [Int], values: [Float]) in
      var line = [
        "features",
        Self.fixtures.appending(component: "layers2.h5").path(percentEncoded: false), "-o", "f.h5",
        "--exact", "--quiet",
      ]
      for input in Self.inputs {
        let (shape, values) = try Self.numbers("inputs", input)
        try File.create("\(folder)/\(input).h5") { root in
          try root.write("examples", shape: shape, values)
        }
      }
      for input in inputs {
        line += ["--data", input.contains("=") ? input : "\(input)=\(input).h5"]
      }
      let result = try runAnamorph(line + arguments, in: folder)
      guard result.status == 0 else { return (result, [], []) }
      // Several rows for each example are kept under the layer's name.
      let root = try File(readingAt: "\(folder)/f.h5").root
      let isGroup = try root.entries().contains { $0.name == "features" && $0.kind == .group }
      let inside = isGroup ? try root.group("features").entries().map { "features/" + $0.name } : []
      let found = try root.dataset(inside.first ?? "features")
      return (result, found.shape, try found.read(as: Float.self))
    }
  }

  private static let inputs = ["steps", "image", "volume", "tokens"]

  @Test(arguments: ["both_gru_rows", "heads", "grouped", "volumes", "classes"])
  func `positions are averaged, flattened or kept`(layer: String) throws {
    let (shape, expected) = try Self.numbers("outputs", layer)
    let width = shape[shape.count - 1]
    let positions = shape.dropFirst().dropLast().reduce(1, *)
    let flat = try features(["--at", layer, "--pool", "flatten"])
    #expect(flat.0.status == 0, "\(flat.0.error)")
    #expect(flat.shape == [2, positions * width])
    #expect(difference(flat.values, expected) < 1e-5)
    let each = try features(["--at", layer, "--pool", "positions"])
    #expect(each.shape == [2 * positions, width] && difference(each.values, expected) < 1e-5)
    let mean = try features(["--at", layer])
    #expect(mean.shape == [2, width])
    let averages = (0..<2 * width).map { index in
      let first = index / width * positions * width + index % width
      return (0..<positions).map { expected[first + $0 * width] }.reduce(0, +) / Float(positions)
    }
    #expect(difference(mean.values, averages) < 1e-5)
  }

  @Test func `the sets may come in any order, and must be those of the inputs`() throws {
    let (_, expected) = try Self.numbers("outputs", "classes")
    let turned = try features(["--at", "classes"], inputs: Self.inputs.reversed())
    #expect(difference(turned.values, expected) < 1e-5)
    let cases: [([String], String)] = [
      (
        ["steps", "image", "volume", "words=tokens.h5"],
        "tokens.h5: it is given for the input 'words', which the network does not have; its inputs "
          + "are 'steps', 'image', 'volume', 'tokens'"
      ),
      (
        ["steps"],
        "steps.h5: no examples are given for the input 'image'; the network's inputs are 'steps', "
          + "'image', 'volume', 'tokens'"
      ),
      (
        ["image", "steps=image.h5", "volume", "tokens"],
        "image.h5: its examples are [5, 6, 4] and the input 'steps' is [5, 4]"
      ),
      (["steps=nowhere.h5"], "nowhere.h5: no such file or folder"),
    ]
    for (inputs, message) in cases {
      let (result, _, _) = try features(["--at", "classes"], inputs: inputs)
      #expect(result.status == 2 && result.output.isEmpty)
      #expect(result.error == "anamorph: \(message)\n")
    }
  }

  @Test func `a layer that is not there is named, with some that are`() throws {
    let (result, _, _) = try features(["--at", "penultimate_layer"])
    #expect(result.status == 2)
    #expect(
      result.error.contains("layer 'penultimate_layer': there is no such layer; the last ones are"))
    #expect(result.error.contains("'embedded', 'classes'"))
  }

  private func difference(_ found: [Float], _ expected: [Float]) -> Float {
    guard found.count == expected.count else { return .infinity }
    let scale = expected.reduce(0) { max($0, abs($1)) }
    return zip(found, expected).reduce(0) { max($0, abs($1.0 - $1.1)) } / scale
  }
}
