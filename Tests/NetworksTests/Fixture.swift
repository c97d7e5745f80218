import Checkpoints
import Foundation
import Networks
import TestSupport
import Testing

/// What an outside library computed, as `Fixtures/make_fixtures.py` wrote it.
struct Fixture {
  let json: JSON

  init(_ name: String) throws {
    json = try JSON(
      parsing: String(contentsOf: URL(filePath: fixture(name)), encoding: .utf8))
  }

  func values(_ key: String) throws -> [Float] { try Self.tensor(json[key]).values }

  /// The parameters under `key`, by layer and role.
  func parameters(_ key: String) throws -> [String: Tensor] {
    var result: [String: Tensor] = [:]
    for parameter in try #require(json[key]?.array) {
      let layer = try #require(parameter["layer"]?.string)
      let role = Role(weightName: try #require(parameter["role"]?.string))
      result["\(layer)/\(role)"] = try Self.tensor(parameter)
    }
    return result
  }

  /// A network with the parameters under `key`.
  func network(_ graph: Graph, parameters key: String = "parameters") throws -> Network {
    let all = try parameters(key)
    let tensors = try graph.parameters.map { slot in
      // Keras 3 calls the kernel of a depthwise convolution just `kernel`.
      try #require(all["\(slot.layer)/\(slot.role)"] ?? all["\(slot.layer)/kernel"])
    }
    return Network(graph, parameters: tensors)
  }

  private static func tensor(_ json: JSON?) throws -> Tensor {
    let shape = try #require(json?["shape"]?.array).compactMap(\.int)
    let values = try #require(json?["values"]?.array).compactMap(\.double).map { Float($0) }
    return Tensor(shape: shape, values: values)
  }
}

/// The largest difference, as a share of the largest expected value.
func relativeDifference(_ actual: [Float], _ expected: [Float]) -> Float {
  guard actual.count == expected.count else { return .infinity }
  let scale = expected.reduce(0) { max($0, abs($1)) }
  return zip(actual, expected).reduce(0) { max($0, abs($1.0 - $1.1)) } / max(scale, 1e-30)
}
