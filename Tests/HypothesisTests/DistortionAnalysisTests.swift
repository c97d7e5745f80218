import Checkpoints
import Datasets
import Geometry
import Hypothesis
import LinearAlgebra
import Networks
import Randomness
import Testing

@Suite struct DistortionAnalysisTests {
  private let id = Comparisons.normal(120, shape: [6], seed: 1)
  private let ood = Comparisons.normal(90, shape: [6], seed: 2)

  @Test func `a network compared with itself has not moved`() throws {
    let network = try Comparisons.network(6, [8, 5], 3)
    let result = try Comparisons.compare(network, network, id: id, ood: ood)
    for set in ["ID", "OOD"] {
      for measure: FeatureMeasure in [
        .meanSquaredDifference, .meanDistance, .relativeChange, .meanShift,
      ] {
        #expect(result.value(measure, on: set) == 0)
      }
      for measure: FeatureMeasure in [.cosineDistance, .afterRotation, .afterRotationAndScale] {
        #expect(abs(result.value(measure, on: set)) < 1e-12)
      }
      #expect(abs(result.value(.biasedCKA, on: set) - 1) < 1e-12)
      #expect(abs(result.value(.debiasedCKA, on: set) - 1) < 1e-12)
      #expect(abs(result.value(.largestAngle, on: set)) < 1e-7)
    }
    #expect(result.layers.map(\.layer) == ["hidden1", "hidden2", "head"])
    #expect(result.layers.map(\.isFirst) == [true, false, false])
    #expect(result.layers.map(\.isHead) == [false, false, true])
    for layer in result.layers {
      #expect(layer.changeNorm == 0 && layer.weightNorm > 0)
      #expect(layer.visible.allSatisfy { $0.measurement.value == 0 })
    }
    let claims = PairClaims(
      distortion: result, heads: [], optimizerKeepsSpan: true, optimizerName: "sgd"
    ).all
    #expect(claims.map(\.verdict) == [.notTestable, .notTestable, .notTestable])
    #expect(claims[0].evidence == "the first layer did not change")
    #expect(claims[2].evidence == "the features did not move")
  }

  @Test func `turned features are far away and the same after the best rotation`() throws {
    let before = try Comparisons.network(6, [5], 3, activation: nil)
    var after = before
    // Coordinate c goes to 4 − c with its sign changed: a rotation with no rounding at all.
    for slot in 0..<2 {
      let columns = 5
      let old = before.parameters[slot].values
      for index in old.indices {
        let (row, column) = (index / columns, index % columns)
        after.parameters[slot].values[row * columns + 4 - column] = -old[index]
      }
    }
    let result = try Comparisons.compare(before, after, id: id, ood: ood)
    var (square, total) = (0.0, 0.0)
    let features = try InferenceExecutor(
      before, taps: [before.graph.penultimate], batchSize: 64
    ).run(id.values(0..<id.count))[0]
    for row in 0..<id.count {
      for c in 0..<5 {
        let value = Double(features[row * 5 + c])
        let moved = -Double(features[row * 5 + 4 - c])
        square += (moved - value) * (moved - value)
        total += value * value
      }
    }
    #expect(abs(result.value(.meanSquaredDifference) / (square / 600) - 1) < 1e-5)
    #expect(abs(result.value(.relativeChange) / (square / total).squareRoot() - 1) < 1e-5)
    #expect(result.value(.afterRotation) < 1e-5)
    #expect(result.value(.afterRotationAndScale) < 1e-5)
    #expect(abs(result.value(.biasedCKA) - 1) < 1e-6)
    #expect(abs(result.value(.debiasedCKA) - 1) < 1e-6)
  }

  @Test func `features twice as long differ by their own length and keep their direction`() throws {
    let before = try Comparisons.network(6, [5], 3)
    var after = before
    for slot in 0..<2 {
      after.parameters[slot].values = before.parameters[slot].values.map { 2 * $0 }
    }
    let result = try Comparisons.compare(before, after, id: id, ood: ood)
    #expect(abs(result.value(.relativeChange) - 1) < 1e-6)
    #expect(result.value(.cosineDistance) < 1e-6)
    #expect(result.value(.afterRotationAndScale) < 1e-5)
    #expect(abs(result.value(.afterRotation) - 1) < 1e-6)
    #expect(result.layers[0].insideChange.value.map { abs($0 - 1) < 1e-6 } == true)
    // The mean moves by itself, which is no longer than the features are.
    var generator = SeededGenerator(seed: 1, "bias")
    let shift = (0..<5).map { _ in Float.random(in: 1...2, using: &generator) }
    let flat = try Comparisons.network(6, [5], 3, activation: nil)
    var moved = flat
    for place in 0..<5 { moved.parameters[1].values[place] += shift[place] }
    let translated = try Comparisons.compare(flat, moved, id: id, ood: ood)
    let ratio = translated.value(.meanShift) / translated.value(.relativeChange)
    #expect(abs(ratio - 1) < 1e-5)
  }

  @Test func `a change planted inside the span has no part outside, and the other way round`()
    throws
  {
    let (inside, outside) = try Comparisons.bases(10, 4)
    let set = Comparisons.inside(inside, count: 100, seed: 5)
    let other = Comparisons.inside(outside, count: 80, seed: 6)
    let before = try Comparisons.network(10, [7], 3)
    var generator = SeededGenerator(seed: 3, "change")
    func change(_ basis: Matrix) -> Matrix {
      basis
        * Matrix(
          rows: basis.columns, columns: 7, values: generator.normals(basis.columns * 7))
    }
    let within = try Comparisons.compare(
      before, before.adding(change(inside), to: 0), id: set, ood: other)
    let layer = within.layers[0]
    #expect(layer.rank == 4 && layer.fanIn == 10 && layer.isFirst)
    #expect(try #require(layer.orthogonalShare.value) < 1e-6)
    #expect(layer.orthogonalShare.null == (6.0 / 10).squareRoot())
    #expect(within.value(.relativeChange, on: "ID") > 0.1)
    #expect(within.value(.relativeChange, on: "OOD") < 1e-5)
    #expect(try #require(layer.visible[0].measurement.value) > 0.01)
    #expect(try #require(layer.visible[1].measurement.value) < 1e-10)

    let without = try Comparisons.compare(
      before, before.adding(change(outside), to: 0), id: set, ood: other)
    #expect(abs(try #require(without.layers[0].orthogonalShare.value) - 1) < 1e-6)
    #expect(try #require(without.layers[0].insideChange.value) < 1e-6)
    #expect(without.value(.relativeChange, on: "ID") < 1e-5)
    #expect(without.value(.relativeChange, on: "OOD") > 0.1)
    func verdict(_ distortion: Distortion) -> Verdict? {
      PairClaims(
        distortion: distortion, heads: [], optimizerKeepsSpan: true, optimizerName: "sgd"
      ).all.first?.verdict
    }
    #expect(verdict(within) == .supported)
    #expect(verdict(without) == .unsupported)
  }

  @Test func `what a set is called changes nothing, and of sets with common examples one counts`()
    throws
  {
    let before = try Comparisons.network(6, [8, 5], 3)
    var generator = SeededGenerator(seed: 8, "change")
    let after = before.adding(
      Matrix(rows: 6, columns: 8, values: generator.normals(48).map { 0.1 * $0 }), to: 0)
    func run(_ id: ExampleSet, _ ood: [ExampleSet], batchSize: Int = 64) throws -> Distortion {
      var settings = DistortionAnalysis.Settings()
      settings.batchSize = batchSize
      return try DistortionAnalysis(before: before, after: after, settings: settings).run(
        id: DistortionAnalysis.TestSet(name: "ID", examples: id),
        ood: ood.map { DistortionAnalysis.TestSet(name: $0.name, examples: $0) })
    }
    func renamed(_ set: ExampleSet, _ name: String, _ rows: Range<Int>? = nil) throws -> ExampleSet
    {
      let rows = rows ?? 0..<set.count
      return ExampleSet(
        name: name, values: try set.values(rows), exampleShape: set.exampleShape)
    }
    let own = try run(try renamed(id, "a"), [try renamed(ood, "x")])
    let other = try run(try renamed(id, "b/../a"), [try renamed(ood, "x")])
    #expect(own == other)
    // A part of the set, and the set again by another name: neither adds an example.
    let again = try run(
      try renamed(id, "a"),
      [try renamed(ood, "part", 0..<40), try renamed(ood, "x"), try renamed(ood, "y")])
    #expect(again.inputDirections == own.inputDirections)
    #expect(again.featureDirections == own.featureDirections)
    // Two of the eight hidden units of this network never fire: they have no part in ρ.
    let small = try run(try renamed(id, "a"), [try renamed(ood, "x")], batchSize: 7)
    for (a, b) in zip(own.layers, small.layers) {
      #expect(a.rank == b.rank)
      let (x, y) = (a.rankCorrelation?.value, b.rankCorrelation?.value)
      #expect(x == y)
    }
    for (a, b) in zip(own.inputDirections, small.inputDirections) {
      #expect(abs(a.oodEnergy - b.oodEnergy) < 1e-11 && abs(a.change - b.change) < 1e-11)
    }
  }

  @Test func `more directions than there are have no share and no angle, and say why`() throws {
    let before = try Comparisons.network(6, [8, 5], 3)
    var generator = SeededGenerator(seed: 8, "change")
    let after = before.adding(
      Matrix(rows: 6, columns: 8, values: generator.normals(48).map { 0.1 * $0 }), to: 0)
    var settings = DistortionAnalysis.Settings()
    settings.directionCounts = [2, 40]
    let found = try DistortionAnalysis(before: before, after: after, settings: settings).run(
      id: DistortionAnalysis.TestSet(name: "ID", examples: id),
      ood: [DistortionAnalysis.TestSet(name: "OOD", examples: ood)])
    let spans = found.layers[0].spans
    #expect(spans.first { $0.rule == "2 directions" }?.share.value != nil)
    let beyond = try #require(spans.first { $0.rule == "40 directions" })
    #expect(beyond.directions == 40 && beyond.share.value == nil)
    #expect(beyond.share.reason == "40 directions are beyond the rank 6 of the ID inputs")
    let whole = try #require(spans.first { $0.rule == "numerical rank" })
    #expect(whole.directions == 6 && whole.share.value == 1 && whole.share.null == 1)
    let angle = try #require(found.featureAngles?.first { $0.rule == "40 directions" })
    #expect(angle.directions == 40 && angle.largest.value == nil && angle.gap == nil)
    #expect(angle.largest.reason?.hasPrefix("40 directions are beyond the rank") == true)
  }

  @Test func `the span is that of the training examples when they are at hand`() throws {
    let (inside, _) = try Comparisons.bases(10, 4)
    let network = try Comparisons.network(10, [7], 3)
    let analysis = try DistortionAnalysis(
      before: network, after: network, settings: Comparisons.settings())
    let result = try analysis.run(
      id: .init(name: "ID", examples: Comparisons.normal(60, shape: [10], seed: 3)),
      ood: [.init(name: "OOD", examples: Comparisons.normal(60, shape: [10], seed: 4))],
      training: Comparisons.inside(inside, count: 50, seed: 7))
    #expect(result.layers[0].rank == 4)
  }

  @Test func `patches of a constant image span everything only with zeros around it`() throws {
    let ones = ExampleSet(
      name: "ones", values: [Float](repeating: 1, count: 4 * 36), exampleShape: [6, 6, 1])
    for (padding, rank): (Padding, Int) in [(.valid, 1), (.same, 9)] {
      let description = ArchitectureDescription(
        inputShape: [6, 6, 1],
        layers: [
          .init(
            "conv",
            .convolution(filters: 2, Window(Extent(3), padding: padding), hasBias: true),
            activation: .relu),
          .init("pool", .globalAveragePooling),
          .init("head", .dense(outputs: 2, hasBias: true)),
        ])
      let network = Network(try description.graph(), seed: 1)
      let result = try Comparisons.compare(network, network, id: ones, ood: ones)
      #expect(result.layers[0].rank == rank && result.layers[0].fanIn == 9)
      #expect(result.layers[0].isFirst)
    }
  }

  @Test func `a dense layer behind a flatten is the first layer, one behind dropout is not`() throws
  {
    for (kind, isFirst): (ArchitectureDescription.Kind, Bool) in [
      (.flatten, true), (.dropout(rate: 0.5), false),
    ] {
      let description = ArchitectureDescription(
        inputShape: [6],
        layers: [
          .init("between", kind), .init("hidden", .dense(outputs: 4, hasBias: true)),
          .init("head", .dense(outputs: 2, hasBias: true)),
        ])
      let network = Network(try description.graph(), seed: 1)
      let result = try Comparisons.compare(network, network, id: id, ood: ood)
      #expect(result.layers.map(\.isFirst) == [isFirst, false])
    }
  }

  @Test func `changes along directions add up to the whole change`() throws {
    let before = try Comparisons.network(6, [8, 5], 3)
    let after = try Comparisons.network(6, [8, 5], 3, seed: 2)
    let result = try Comparisons.compare(before, after, id: id, ood: ood)
    #expect(result.featureDirections.count == 5)
    for (set, sum) in [
      ("ID", result.featureDirections.reduce(0.0) { $0 + $1.idChange }),
      ("OOD", result.featureDirections.reduce(0.0) { $0 + ($1.oodChange.value ?? .nan) }),
    ] {
      #expect(abs(sum / (5 * result.value(.meanSquaredDifference, on: set)) - 1) < 1e-10)
    }
    for layer in result.layers {
      let squares = result.inputDirections.filter { $0.layer == layer.layer }
        .reduce(0.0) { $0 + $1.change * $1.change }
      #expect(abs(squares / (layer.changeNorm * layer.changeNorm) - 1) < 1e-10)
    }
  }

  @Test func `threads change nothing, and the size of a batch no more than rounding`() throws {
    let before = try Comparisons.network(6, [8, 5], 3)
    let after = try Comparisons.network(6, [8, 5], 3, seed: 2)
    func result(_ batchSize: Int, _ threads: Int) throws -> Distortion {
      try Comparisons.compare(
        before, after, id: id, ood: ood,
        settings: Comparisons.settings(batchSize: batchSize, threads: threads))
    }
    let reference = try result(64, 1)
    for (other, tolerance) in [
      (try result(64, 2), 1e-12), (try result(7, 1), 1e-5), (try result(120, 1), 1e-5),
    ] {
      for (a, b) in zip(reference.features, other.features) {
        let (x, y) = (try #require(a.measurement.value), try #require(b.measurement.value))
        #expect(abs(x - y) <= tolerance * max(abs(x), 1), "\(a.measure.rawValue)")
      }
      for (a, b) in zip(reference.layers, other.layers) {
        #expect(a.rank == b.rank && abs(a.changeNorm - b.changeNorm) < 1e-12)
      }
    }
    #expect(try result(64, 1) == reference)
  }

  @Test func `heads may differ in their number of classes`() throws {
    let before = try Comparisons.network(6, [8], 3)
    let after = try before.replacingHead(classes: 7, seed: 4)
    let result = try Comparisons.compare(before, after, id: id, ood: ood)
    #expect(result.layers.map(\.layer) == ["hidden1"])
    #expect(result.value(.meanSquaredDifference) == 0)
  }

  @Test func `names may differ where the order is the same`() throws {
    let before = try Comparisons.network(6, [8], 3)
    let renamed = ArchitectureDescription(
      inputShape: [6],
      layers: [
        .init("dense_7", .dense(outputs: 8, hasBias: true), activation: .relu),
        .init("dense_8", .dense(outputs: 3, hasBias: true)),
      ])
    let after = Network(try renamed.graph(), parameters: before.parameters)
    let result = try Comparisons.compare(before, after, id: id, ood: ood)
    #expect(result.layers.map(\.layer) == ["hidden1", "head"])
    #expect(result.value(.meanSquaredDifference) == 0)
  }

  @Test func `networks of other architectures are refused in words`() throws {
    let network = try Comparisons.network(6, [8], 3)
    #expect(
      reason {
        try DistortionAnalysis(before: network, after: Comparisons.network(6, [9], 3))
      }.hasPrefix("the networks are not of one architecture: "))
    let deeper = try Comparisons.network(6, [8, 8], 3)
    #expect(
      reason { try DistortionAnalysis(before: network, after: deeper) }
        .hasPrefix("the networks are not of one architecture: 4 parameters before, 6 after"))
    func pooled(_ side: Int) throws -> Network {
      let description = ArchitectureDescription(
        inputShape: [side, side, 1],
        layers: [
          .init("conv", .convolution(filters: 2, Window(Extent(3)), hasBias: true)),
          .init("pool", .globalAveragePooling), .init("head", .dense(outputs: 2, hasBias: true)),
        ])
      return Network(try description.graph(), seed: 1)
    }
    #expect(
      reason { try DistortionAnalysis(before: pooled(6), after: pooled(8)) }
        == "the networks are not of one architecture: they read examples of [6, 6, 1] before and "
        + "[8, 8, 1] after")
    var settings = Comparisons.settings()
    settings.taps = ["nowhere"]
    #expect(
      reason { try DistortionAnalysis(before: network, after: network, settings: settings) }
        .hasPrefix("layer 'nowhere': there is no such layer"))
  }

  @Test func `sets that do not fit are refused in words`() throws {
    let network = try Comparisons.network(6, [8], 3)
    #expect(
      reason {
        try Comparisons.compare(
          network, network, id: id, ood: Comparisons.normal(9, shape: [7], seed: 3))
      } == "normal 3: its examples are 7 and the network reads 6")
    let damaged = ExampleSet(
      name: "damaged", values: [0, 0, 0, 0, 0, 0, 1, 2, .nan, 4, 5, 6], exampleShape: [6])
    #expect(
      reason { try Comparisons.compare(network, network, id: damaged, ood: ood) }
        == "damaged: example 1: holds NaN")
  }
}
