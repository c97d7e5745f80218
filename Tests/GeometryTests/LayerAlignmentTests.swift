import Foundation
import Geometry
import LinearAlgebra
import Randomness
import Testing

/// Debiased CKA of every pair of layers, against NumPy (Fixtures/make_layer_fixtures.py).
@Suite struct LayerAlignmentTests {
  private struct Fixture: Decodable {
    var one, two: [[Double]]
  }

  private static let examples = 60

  private func layer(_ network: Double, _ number: Int) -> Matrix {
    var result = Matrix(rows: Self.examples, columns: 3 + 2 * number)
    for row in 0..<result.rows {
      for column in 0..<result.columns {
        let (i, j) = (Double(row), Double(column))
        let phase = Double(number + 1) * (0.3 * i + 0.7 * j) + 0.01 * i * j
        result[row, column] = sin(phase) + 0.2 * network * cos(0.9 * i + j) + 0.5
      }
    }
    return result
  }

  private var layers: [Matrix] { (0..<3).map { layer(0, $0) } + (0..<2).map { layer(1, $0) } }

  private func keys(_ rows: some Sequence<Int>) -> [ExampleKey] {
    rows.map { ExampleKey(example: UInt64($0), group: UInt64($0)) }
  }

  private func alignment(_ minibatches: [[Int]], blocks: Int = 5) throws -> LayerAlignment {
    var result = LayerAlignment(before: 3, after: 2, blocks: blocks)
    let layers = layers
    for rows in minibatches {
      try result.add(keys: keys(rows)) { layers[$0].selectingRows(rows) }
    }
    return result
  }

  @Test func `values and errors are NumPy's, in one minibatch and in two`() throws {
    let url = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "Fixtures/layers.json")
    let fixture = try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: url))
    for (expected, minibatches) in [
      (fixture.one, [Array(0..<60)]), (fixture.two, [Array(0..<30), Array(30..<60)]),
    ] {
      let found = try alignment(minibatches)
      for (place, numbers) in expected.enumerated() {
        let (estimate, _) = found.similarity(place / 2, place % 2)
        #expect(abs(try #require(estimate.value.number) - numbers[0]) < 1e-12)
        #expect(abs(try #require(estimate.standardError) - numbers[1]) < 1e-10)
      }
    }
  }

  @Test func `one minibatch is the debiased CKA of all examples`() throws {
    let found = try alignment([Array(0..<60)])
    let layers = layers
    for i in 0..<3 {
      for j in 0..<2 {
        let whole = LinearCKA.debiased(rowsBefore: layers[i], rowsAfter: layers[3 + j])
        let value = try #require(found.similarity(i, j).estimate.value.number)
        #expect(abs(value - (try #require(whole.number))) < 1e-12)
      }
    }
    let null = try #require(found.similarity(0, 0).null)
    let exact = try #require(NullSummary.debiasedCKA(count: 60)?.standardDeviation)
    #expect(abs(try #require(null.standardDeviation) - exact) < 1e-12)
  }

  @Test func `the order of examples and of rows in a minibatch does not matter`() throws {
    let straight = try alignment([Array(0..<30), Array(30..<60)])
    let turned = try alignment([Array((30..<60).reversed()), Array((0..<30).reversed())])
    let (a, b) = (straight.similarity(2, 1).estimate, turned.similarity(2, 1).estimate)
    #expect(
      abs(try #require(a.value.number) - (try #require(b.value.number))) < 1e-13)
    #expect(abs(try #require(a.interval).lower - (try #require(b.interval)).lower) < 1e-12)
  }

  @Test func `examples are dealt by their identifiers, all of them, evenly`() {
    let keys = (0..<1000).map { ExampleKey("image \($0)") }
    let dealt = LayerAlignment.minibatches(of: keys, size: 300)
    #expect(dealt.map(\.count) == [250, 250, 250, 250])
    #expect(dealt.flatMap { $0 }.sorted() == Array(0..<1000))
    let reversed = LayerAlignment.minibatches(of: keys.reversed(), size: 300)
    #expect(reversed.map { $0.map { 999 - $0 } } == dealt)
  }

  @Test func `random pairings within minibatches have the null's spread`() throws {
    var generator = SeededGenerator(seed: 3, "pairings")
    let layers = layers
    let minibatches = [Array(0..<20), Array(20..<60)]
    var drawn: [Double] = []
    for _ in 0..<1500 {
      var sums = LayerAlignment(before: 1, after: 1, blocks: 2)
      for rows in minibatches {
        let paired = generator.permutation(rows.count).map { rows[$0] }
        try sums.add(keys: keys(rows)) {
          $0 == 0 ? layers[1].selectingRows(rows) : layers[4].selectingRows(paired)
        }
      }
      drawn.append(try #require(sums.similarity(0, 0).estimate.value.number))
    }
    let expected = try #require(try alignment(minibatches).similarity(1, 1).null)
    let deviation = try #require(Repetitions.standardDeviation(of: drawn))
    // 1500 draws of a skewed number tell their deviation to some percent.
    #expect(abs(deviation / (expected.standardDeviation ?? 0) - 1) < 0.1)
    #expect(abs(drawn.reduce(0, +) / 1500) < 4 * deviation / 1500.0.squareRoot())
  }

  @Test func `a constant layer and too few examples are said`() throws {
    var sums = LayerAlignment(before: 1, after: 1, blocks: 2)
    #expect(
      sums.similarity(0, 0).estimate.value.reason
        == "debiased CKA needs at least 4 examples; there are 0")
    let layer = layers[0]
    try sums.add(keys: keys(0..<60)) {
      $0 == 0 ? layer : Matrix(rows: 60, columns: 2, values: [Double](repeating: 3, count: 120))
    }
    #expect(sums.similarity(0, 0).estimate.value.reason == "the features after are constant")
  }

  @Test func `minibatches shrink as layers grow in number and width`() {
    #expect(LayerAlignment.largestMinibatch(layers: 4, widest: 512) == 1024)
    #expect(LayerAlignment.largestMinibatch(layers: 128, widest: 512) == 512)
    #expect(LayerAlignment.largestMinibatch(layers: 4, widest: 100_000) == 167)
  }
}
