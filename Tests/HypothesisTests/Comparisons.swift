import Checkpoints
import Datasets
import Foundation
import Hypothesis
import LinearAlgebra
import Networks
import Randomness
import TestSupport

/// Small networks and sets for tests of comparisons.
enum Comparisons {
  /// A perceptron; ReLU between layers unless told otherwise.
  static func network(
    _ inputs: Int, _ hidden: [Int], _ classes: Int, activation: Activation? = .relu,
    seed: UInt64 = 1
  ) throws -> Network {
    let description = ArchitectureDescription.perceptron(
      inputs: inputs, hidden: hidden, activation: activation, classes: classes)
    return Network(try description.graph(), seed: seed, architecture: description.json)
  }

  /// n examples with standard normal values.
  static func normal(
    _ count: Int, shape: [Int], labels: [Int]? = nil, seed: UInt64
  ) -> ExampleSet {
    var generator = SeededGenerator(seed: seed, "normal examples")
    return ExampleSet(
      name: "normal \(seed)",
      values: generator.normals(count * shape.reduce(1, *)).map { Float($0) }, exampleShape: shape,
      labels: labels)
  }

  /// n examples in the span of the columns of `basis`.
  static func inside(_ basis: Matrix, count: Int, seed: UInt64) -> ExampleSet {
    var generator = SeededGenerator(seed: seed, "examples in a span")
    let latent = Matrix(
      rows: count, columns: basis.columns, values: generator.normals(count * basis.columns))
    return ExampleSet(
      name: "inside \(seed)", values: latent.timesTransposed(basis).values.map { Float($0) },
      exampleShape: [basis.rows])
  }

  /// Orthonormal directions: some, and as many of the rest.
  static func bases(_ dimension: Int, _ rank: Int) throws -> (inside: Matrix, outside: Matrix) {
    var generator = SeededGenerator(seed: 11, "bases")
    let all = try Matrix.randomOrthogonal(dimension, using: &generator)
    return (all[columns: 0..<rank], all[columns: rank..<dimension])
  }

  static func settings(batchSize: Int = 64, threads: Int = 1) -> DistortionAnalysis.Settings {
    var settings = DistortionAnalysis.Settings()
    settings.rotations = 20
    settings.batchSize = batchSize
    settings.threads = threads
    return settings
  }

  static func compare(
    _ before: Network, _ after: Network, id: ExampleSet, ood: ExampleSet,
    settings: DistortionAnalysis.Settings = settings()
  ) throws -> Distortion {
    try DistortionAnalysis(before: before, after: after, settings: settings)
      .run(id: .init(name: "ID", examples: id), ood: [.init(name: "OOD", examples: ood)])
  }
}

extension Network {
  /// The network with `change` added to the parameter in one slot.
  func adding(_ change: Matrix, to slot: Int) -> Network {
    var network = self
    for index in change.values.indices {
      network.parameters[slot].values[index] += Float(change.values[index])
    }
    return network
  }
}

extension Distortion {
  /// The value of a measure on a set, not a number when it is undefined.
  func value(_ measure: FeatureMeasure, on set: String = "ID") -> Double {
    measurement(measure, on: set)?.value ?? .nan
  }
}

/// What an error says; empty when there was none.
func reason<R>(_ body: () throws -> R) -> String {
  do {
    _ = try body()
    return ""
  } catch { return "\(error)" }
}
