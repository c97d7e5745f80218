import Checkpoints
import Networks
import Testing

/// Small networks made of the families' own blocks agree with Keras; full-size ones are compared by
/// `script/parity`.
@Suite struct KerasFamilyTests {
  static let families = [
    "VGG", "MobileNet", "MobileNetV2", "MobileNetV3Small", "MobileNetV3Minimal", "ResNet",
    "ResNetV2", "DenseNet", "EfficientNet", "NASNet", "ConvNeXt",
  ]

  @Test(arguments: families, ["families2.json", "families3.json"])
  func `a family's features and outputs are those of Keras`(family: String, file: String) throws {
    let fixture = try #require(try Fixture(file).json["families"]?[family])
    let graph = try KerasArchitecture.graph(try #require(fixture["model_config"]))
    // Keras knows the layers of a model inside the model by their own names alone.
    let layers = fixture["model_config"]?["config"]?["layers"]?.array ?? []
    let models = layers.filter { $0["config"]?["layers"] != nil }.compactMap {
      $0["config"]?["name"]?.string
    }
    let network = Network(graph, parameters: graph.parameters.map { Self.tensor($0, models) })
    let size = 2 * graph.inputShape.reduce(1, *)
    let scale: Float = fixture["scale"]?.double == 1 ? 255 : 1
    let inputs = Self.numbers("inputs", size).map { Float($0) * scale }
    let tap = try graph.penultimate
    let executor = try InferenceExecutor(network, taps: [tap, graph.outputTap], isExact: true)
    let results = try executor.run(inputs)
    #expect(relativeDifference(results[0], try numbers(fixture["features"])) < 1e-5)
    #expect(relativeDifference(results[1], try numbers(fixture["outputs"])) < 1e-5)
  }

  private func numbers(_ json: JSON?) throws -> [Float] {
    try #require(json?.array).compactMap(\.double).map { Float($0) }
  }

  /// Numbers in 0 to 1 that follow from a name, as in `make_families.py`.
  static func numbers(_ name: String, _ count: Int) -> [Double] {
    var seed: UInt32 = 2_166_136_261
    for byte in name.utf8 { seed = (seed ^ UInt32(byte)) &* 16_777_619 }
    return (0..<count).map { index in
      var h = UInt32(truncatingIfNeeded: index) &* 0x9E37_79B9 &+ seed
      h = (h ^ h >> 16) &* 0x85EB_CA6B
      h = (h ^ h >> 13) &* 0xC2B2_AE35
      return Double(h ^ h >> 16) / 4_294_967_296
    }
  }

  static func tensor(_ slot: ParameterSlot, _ models: [String]) -> Tensor {
    let model = models.first { slot.layer.hasPrefix($0 + "/") }
    let layer = model.map { String(slot.layer.dropFirst($0.count + 1)) } ?? slot.layer
    let uniform = numbers("\(layer)/\(slot.role)", slot.count)
    var shift = -0.5
    var scale = 0.4
    if slot.shape.count >= 2 {
      let fanIn =
        slot.role == .depthwiseKernel
        ? slot.shape.prefix(2).reduce(1, *) : slot.shape.dropLast().reduce(1, *)
      scale = (18 / Double(fanIn)).squareRoot()
    } else if [.movingVariance, .gamma, .other("variance")].contains(slot.role) {
      (shift, scale) = (0.5, 1)
    }
    return Tensor(shape: slot.shape, values: uniform.map { Float(($0 + shift) * scale) })
  }
}
