import Geometry
import LinearAlgebra
import Randomness
import Testing

/// Directions in which inputs have no energy: what a decomposition makes of them is rounding's choice.
@Suite struct NullSpaceTests {
  private var generator = SeededGenerator(seed: 4, "null space")

  private func moment(
    _ rows: Matrix, inBlocksOf size: Int, _ precision: InputMoment.Precision
  ) throws -> InputMoment {
    var result = InputMoment(fanIn: rows.columns, precision: precision)
    for start in stride(from: 0, to: rows.rows, by: size) {
      try result.add(rows: rows[rows: start..<min(start + size, rows.rows)])
    }
    return result
  }

  @Test(arguments: [InputMoment.Precision.full, .half])
  mutating func `directions without energy do not depend on the order of sums`(
    precision: InputMoment.Precision
  ) throws {
    let basis = try Matrix.randomOrthonormal(rows: 5, columns: 5, using: &generator)
    let span = try Matrix.randomOrthonormal(rows: 12, columns: 5, using: &generator)
    let inputs =
      (Matrix.normal(rows: 90, columns: 5, using: &generator)
      * Matrix.diagonal([3, 2, 1.5, 1, 0.5])
      * basis).timesTransposed(span)
    // Seen in two of the seven other dimensions; the change is anywhere.
    let other =
      Matrix.normal(rows: 40, columns: 2, using: &generator)
      .timesTransposed(try Matrix.randomOrthonormal(rows: 12, columns: 2, using: &generator))
    let change = Matrix.normal(rows: 12, columns: 9, using: &generator)
    func settled(_ size: Int) throws -> PrincipalDirections {
      let found = try moment(inputs, inBlocksOf: size, precision).principalDirections()
      #expect(found.rank(.singleRounding) == 5)
      return try found.settled(
        rank: 5, others: try moment(other, inBlocksOf: size, precision), change: change)
    }
    let (a, b) = (try settled(90), try settled(7))
    #expect(a.energies.dropFirst(5).allSatisfy { $0 == 0 } && a.energies[4] > 0)
    // Signs are free.
    let cosines = a.vectors.transposedTimes(b.vectors).diagonal.map(abs)
    #expect(cosines.allSatisfy { abs($0 - 1) < 1e-10 })
    let identity = a.vectors.transposedTimes(a.vectors) - Matrix.identity(12)
    #expect(identity.frobeniusNorm < 1e-12)
    // First what the other inputs reach, then the axes of the change.
    let seen = try moment(other, inBlocksOf: 40, precision).energies(along: a.vectors)
    #expect(seen[5] > 0.1 && seen[6] > 0.01 && seen.dropFirst(7).allSatisfy { $0 < 1e-14 })
    let moved = a.vectors.transposedTimes(change).rowSquaredNorms.dropFirst(7)
    #expect(zip(moved, moved.dropFirst()).allSatisfy { $0 >= $1 })
  }

  @Test(arguments: [InputMoment.Precision.full, .half])
  mutating func `coordinates that are always zero are directions of their own, exactly`(
    precision: InputMoment.Precision
  ) throws {
    var rows = Matrix.normal(rows: 50, columns: 6, using: &generator)
    for row in 0..<50 {
      rows[row, 1] = 0
      rows[row, 4] = 0
      // And one that hardly ever fires.
      rows[row, 5] = row == 7 ? 1e-7 : 0
    }
    let found = try moment(rows, inBlocksOf: 8, precision).principalDirections()
    #expect(found.energies.suffix(2) == [0, 0])
    var change = Matrix.normal(rows: 6, columns: 3, using: &generator)
    for column in 0..<3 {
      change[1, column] = 0
      change[4, column] = 0
    }
    let along = found.vectors.transposedTimes(change).rowSquaredNorms
    #expect(along.suffix(2) == [0, 0])
    let identity = found.vectors.transposedTimes(found.vectors) - Matrix.identity(6)
    #expect(identity.frobeniusNorm < 1e-13)
  }

  @Test func `an example is known by its values and its number, not by the name of its set`() {
    func key(_ identifier: String, _ values: [Float], group: String? = nil) -> ExampleKey {
      values.withUnsafeBufferPointer { ExampleKey(identifier, values: $0, group: group) }
    }
    let first = key("3", [1, 2, 3])
    #expect(first == key("3", [1, 2, 3]) && first.group == first.example)
    let others = [
      key("4", [1, 2, 3]), key("3", [1, 2, 4]), key("3", [2, 1, 3]), key("3", [1, 2, 3, 0]),
      key("3", [1, 2]), key("3", [-1, 2, 3]),
    ]
    #expect(Set(others + [first]).count == 7)
    let (a, b) = (key("3", [1], group: "film"), key("4", [2], group: "film"))
    #expect(a.group == b.group && a.example != b.example)
  }
}
