import Datasets
import Foundation
import HDF5
import Hypothesis
import LinearAlgebra
import Randomness
import TestSupport
import Testing
import Training

@Suite struct SubspaceTaskTests {
  private func settings(noise: Double = 0, angles: [Double] = [0, 30, 90]) throws
    -> SubspaceTask.Settings
  {
    guard case .subspace(var settings) = try Samples.source("demo").experiment.task else {
      throw ExperimentKindError()
    }
    settings.noise = noise
    settings.angles = angles
    settings.training = 400
    settings.validation = 100
    settings.test = 600
    return settings
  }

  private struct ExperimentKindError: Error {}

  private func matrix(_ examples: Examples) -> Matrix {
    Matrix(rows: examples.count, columns: examples.width, single: examples.inputs)
  }

  @Test func `ID inputs have the rank of the subspace to rounding, and 90° inputs none of it`()
    throws
  {
    let data = try SubspaceTask(settings(), seed: 3).transfer()
    let training = matrix(data.training)
    let decomposition = try training.svd()
    let values = decomposition.values
    #expect(values.count == 30)
    #expect(values[7] > 0.1 * values[0])
    #expect(values[8] < 1e-6 * values[0])
    // Rows of ID test and training sets span the same S; those at 90° are orthogonal to it.
    let span = decomposition.vt.transposed[columns: 0..<8]
    func shareInside(_ examples: Examples) -> Double {
      let rows = matrix(examples)
      let inside = (rows * span).frobeniusNorm / rows.frobeniusNorm
      return inside * inside
    }
    #expect(abs(shareInside(data.id) - 1) < 1e-10)
    let ood = Dictionary(uniqueKeysWithValues: data.ood.map { ($0.name, $0.examples) })
    #expect(Array(ood.keys).sorted() == ["0°", "30°", "90°", "full"])
    #expect(abs(try shareInside(#require(ood["0°"])) - 1) < 1e-10)
    #expect(abs(try shareInside(#require(ood["30°"])) - 0.75) < 1e-6)
    #expect(try shareInside(#require(ood["90°"])) < 1e-12)
    #expect(abs(try shareInside(#require(ood["full"])) - 8.0 / 30) < 0.02)
  }

  @Test func `inputs of every set are equally long on average, and energies fall by design`() throws
  {
    let data = try SubspaceTask(settings(), seed: 4).transfer()
    for examples in [data.training, data.id] + data.ood.map(\.examples) {
      let square = examples.inputs.reduce(0.0) { $0 + Double($1) * Double($1) }
      // The mean square of 1.5 … 0.5 in eight steps is 1.107; the set `full` has 1.
      #expect(abs(square / Double(examples.count * 30) - 1.05) < 0.15)
    }
  }

  @Test func `noise gives ID inputs full rank`() throws {
    let data = try SubspaceTask(settings(noise: 0.1), seed: 3).transfer()
    let values = try matrix(data.training).singularValues()
    #expect(values[29] > 1e-3 * values[0])
  }

  @Test func `classes are balanced where they were balanced`() throws {
    for seed: UInt64 in 0..<3 {
      let data = try SubspaceTask(settings(), seed: seed).transfer()
      let full = try #require(data.ood.last?.examples)
      for c in 0..<4 {
        let share = Double(full.labels.filter { $0 == c }.count) / Double(full.count)
        #expect(share > 0.08 && share < 0.5)
      }
      #expect(data.classes == 4 && data.training.labels.allSatisfy { (0..<4).contains($0) })
    }
  }

  @Test func `the seed fixes everything, and sets are drawn apart`() throws {
    let first = try SubspaceTask(settings(), seed: 5)
    let second = try SubspaceTask(settings(), seed: 5)
    let other = try SubspaceTask(settings(), seed: 6)
    #expect(first.transfer().training == second.transfer().training)
    #expect(first.transfer().ood.map(\.examples) == second.transfer().ood.map(\.examples))
    #expect(first.transfer().training != other.transfer().training)
    #expect(first.transfer().training[0..<100] != first.transfer().validation)
    var (a, b) = (SeededGenerator(seed: 1, "batch"), SeededGenerator(seed: 1, "batch"))
    let (x, y) = (first.pretrainingBatch(5, using: &a), second.pretrainingBatch(5, using: &b))
    #expect(x.inputs == y.inputs && x.targets == y.targets)
    #expect(x.inputs.count == 150 && x.targets.count == 300)
    // Another number of test examples leaves the training set alone.
    var larger = try settings()
    larger.test = 700
    #expect(try SubspaceTask(larger, seed: 5).transfer().training == first.transfer().training)
  }
}

@Suite struct StylesTaskTests {
  /// Images whose first pixel is their number, divided 10 : 6 : 4 : 4.
  private func task<R>(
    styles: [String] = ["identity", "rot90"], groups: [Int] = [0, 1, 0],
    _ body: (StylesTask) throws -> R
  ) throws -> R {
    try withTemporaryFolder { folder in
      try File.create("\(folder)/images.h5") { root in
        var values: [Float] = []
        for image in 0..<24 { values += (0..<9).map { $0 == 0 ? Float(image + 1) : 0 } }
        try root.write("images", shape: [24, 3, 3, 1], values)
        try root.write("labels", shape: [24], (0..<24).map { Int32($0 % 3) })
      }
      let json = """
        {"images": "images.h5::/images", "scale": 1, "shift": 0, "styles": \(styles),
         "idStyle": "identity", "ood": [{"name": "turned", "styles": ["rot90", "rot180"]}],
         "groups": \(groups), "pretraining": 10, "training": 6, "validation": 4}
        """
      let settings = try JSONDecoder().decode(StylesTask.Settings.self, from: Data(json.utf8))
      return try body(StylesTask(settings, folder: folder, seed: 2))
    }
  }

  /// The numbers of the images in a set, row by row.
  private func numbers(_ examples: Examples) -> [Int] {
    (0..<examples.count).map { row in
      Int(examples.inputs[row * 9..<(row + 1) * 9].max() ?? -1)
    }
  }

  @Test func `no image is in two parts, and all are used`() throws {
    try task { task in
      let data = try task.transfer()
      let parts = try [
        Set(numbers(task.pretrainingExamples())), Set(numbers(data.training)),
        Set(numbers(data.validation)), Set(numbers(data.id)),
      ]
      #expect(parts.map(\.count) == [10, 6, 4, 4])
      #expect(parts.reduce(Set()) { $0.union($1) } == Set(1...24))
      #expect(Set(numbers(data.ood[0].examples)) == parts[3])
    }
  }

  @Test func `every image comes in all its styles before the next`() throws {
    try task { task in
      let data = try task.transfer()
      let turned = data.ood[0].examples
      #expect(turned.count == 8)
      let order = numbers(turned)
      for image in 0..<4 { #expect(order[2 * image] == order[2 * image + 1]) }
      #expect(stride(from: 0, to: 8, by: 2).map { order[$0] } == numbers(data.id))
      for row in 0..<8 {
        // The marked corner goes to another one, by a quarter and by half a turn.
        let place = turned.inputs[row * 9..<(row + 1) * 9].indexOfLargest
        #expect(row % 2 == 0 ? [2, 6].contains(place) : place == 8)
      }
      let own = try task.pretrainingExamples()
      #expect(own.count == 20)
      for (row, number) in numbers(own).enumerated() {
        #expect(own.labels[row] == (number - 1) % 3)
      }
      for (row, number) in numbers(data.id).enumerated() {
        #expect(data.id.labels[row] == [0, 1, 0][(number - 1) % 3])
      }
      #expect(data.classes == 2)
    }
  }

  @Test func `the division depends on the seed alone`() throws {
    let first = try task { try $0.transfer().training }
    let second = try task(styles: ["rot90"]) { try $0.transfer().training }
    #expect(first == second)
  }

  @Test func `styles and groups that cannot be are refused`() throws {
    #expect(
      reason { try task(styles: ["sideways"]) { try $0.pretrainingExamples() } }
        .hasPrefix("there is no style 'sideways'; there are identity, "))
    for groups in [[0, 0, 0], [0, 2, 0], [-1, 0, 1], [0, 1, 1_000_000_000_000]] {
      #expect(
        reason { try task(groups: groups) { $0 } }
          == "groups must be two or more classes numbered from 0 without gaps")
    }
    #expect(
      reason { try task(groups: [0, 1]) { $0 } }.contains("label 2 is outside the classes 0…1"))
  }
}
