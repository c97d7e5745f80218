import LinearAlgebra

/// The pairwise squared distances and inner products of rows, a block of rows at a time.
///
/// Nothing of size n² is kept: a block is at most 2²² numbers, 32 MiB.
struct PairwiseRows {
  let rows: Matrix
  private let squares: [Double]

  /// Centres the rows: distances stay, rounding shrinks.
  init(_ rows: Matrix) {
    self.rows = rows.centered
    squares = self.rows.rowSquaredNorms
  }

  var count: Int { rows.rows }

  /// The rows of a block whose products with all rows fit into 32 MiB.
  var blocks: [Range<Int>] {
    let size = max(1, min(count, (1 << 22) / max(1, count)))
    return stride(from: 0, to: count, by: size).map { $0..<min($0 + size, count) }
  }

  /// Inner products of the rows in `range` with all rows.
  func products(_ range: Range<Int>) -> Matrix { rows[rows: range].timesTransposed(rows) }

  /// |xᵢ − xⱼ|² for the rows in `range` and all rows; exactly zero for a row and itself.
  func squaredDistances(_ range: Range<Int>) -> Matrix {
    var block = products(range)
    for (place, row) in range.enumerated() {
      let start = place * count
      for other in 0..<count {
        let value = squares[row] + squares[other] - 2 * block.values[start + other]
        block.values[start + other] = other == row ? 0 : max(0, value)
      }
    }
    return block
  }

  /// The median of the whole n×n matrix of squared distances, diagonal zeros included.
  ///
  /// Two passes: a histogram by the leading 20 bits, then the numbers of the bins that hold the
  /// middle.
  func medianSquaredDistance() -> Double {
    let total = count * count
    guard total > 0 else { return 0 }
    var histogram = [Int](repeating: 0, count: 1 << 20)
    for range in blocks {
      for value in squaredDistances(range).values { histogram[Int(value.bitPattern >> 44)] += 1 }
    }
    let (first, second) = ((total - 1) / 2, total / 2)
    func bin(of position: Int) -> (bin: Int, before: Int) {
      var before = 0
      for (index, count) in histogram.enumerated() {
        if position < before + count { return (index, before) }
        before += count
      }
      return (histogram.count - 1, before)
    }
    let (low, high) = (bin(of: first), bin(of: second))
    var collected: [Double] = []
    for range in blocks {
      for value in squaredDistances(range).values {
        let index = Int(value.bitPattern >> 44)
        if index >= low.bin && index <= high.bin { collected.append(value) }
      }
    }
    collected.sort()
    return (collected[first - low.before] + collected[second - low.before]) / 2
  }
}
