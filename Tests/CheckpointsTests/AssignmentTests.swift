import Checkpoints
import Randomness
import Testing

@Suite struct AssignmentTests {
  @Test func `no other assignment has a larger sum`() {
    for (rows, columns) in [(1, 1), (2, 5), (5, 2), (4, 4), (6, 5)] {
      for round in 0..<20 {
        var generator = SeededGenerator(seed: UInt64(round), "assignment \(rows) \(columns)")
        let values = (0..<rows).map { _ in
          (0..<columns).map { _ in Double(generator.next() % 7) / 4 }
        }
        let pairs = bestAssignment(values)
        #expect(Set(pairs.map(\.row)).count == pairs.count)
        #expect(Set(pairs.map(\.column)).count == pairs.count)
        let sum = pairs.reduce(0) { $0 + values[$1.row][$1.column] }
        #expect(sum == best(values[...], Set(0..<columns)))
      }
    }
  }

  @Test func `what is worth nothing is left out`() {
    #expect(bestAssignment([]).isEmpty && bestAssignment([[]]).isEmpty)
    #expect(bestAssignment([[0, 0], [0, 0]]).isEmpty)
    let pairs = bestAssignment([[0, 0], [0, 2]])
    #expect(pairs.map(\.row) == [1] && pairs.map(\.column) == [1])
  }

  /// The largest sum by trying everything.
  private func best(_ values: ArraySlice<[Double]>, _ columns: Set<Int>) -> Double {
    guard let row = values.first else { return 0 }
    let rest = values.dropFirst()
    return columns.reduce(best(rest, columns)) { sum, column in
      max(sum, row[column] + best(rest, columns.subtracting([column])))
    }
  }
}
