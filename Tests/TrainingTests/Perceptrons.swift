import Checkpoints
import Foundation
import LinearAlgebra
import Networks
import Randomness
import TestSupport
import Training

/// Small networks and sets that the tests of this module share.
enum Perceptrons {
  /// A perceptron with ReLU between layers and weights drawn from a seed.
  static func network(
    _ inputs: Int, _ hidden: [Int], _ classes: Int, seed: UInt64 = 1
  ) throws -> Network {
    let description = ArchitectureDescription.perceptron(
      inputs: inputs, hidden: hidden, classes: classes)
    return Network(try description.graph(), seed: seed, architecture: description.json)
  }

  /// Classes around centres that lie `distance` apart along the first axes.
  static func clusters(
    _ count: Int, dimension: Int, classes: Int, distance: Double = 4, seed: UInt64
  ) -> Examples {
    var generator = SeededGenerator(seed: seed, "clusters")
    var inputs: [Float] = []
    var labels: [Int] = []
    for row in 0..<count {
      let label = row % classes
      for axis in 0..<dimension {
        inputs.append(Float(generator.normal() + (axis == label ? distance : 0)))
      }
      labels.append(label)
    }
    return Examples(shape: [dimension], inputs: inputs, labels: labels)
  }
}

/// Decodes a fixture of this module.
func decode<T: Decodable>(_ type: T.Type, from name: String) throws -> T {
  try JSONDecoder().decode(type, from: Data(contentsOf: URL(filePath: fixture(name))))
}

/// The largest absolute difference of two arrays of one length; infinite when the lengths differ.
func largestDifference(_ a: [Float], _ b: [Float]) -> Double {
  guard a.count == b.count else { return .infinity }
  return zip(a, b).reduce(0) { max($0, abs(Double($1.0) - Double($1.1))) }
}
