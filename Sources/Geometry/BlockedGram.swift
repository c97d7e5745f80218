import LinearAlgebra

/// The Gram matrix of centred rows with a zero diagonal, and its sums by blocks of rows that lie side by
/// side.
struct BlockedGram {
  let gram: Matrix
  let counts: [Int]

  /// Σ over the columns of a block, for each row and block.
  let sums: Matrix
  var count: Int { gram.rows }

  /// How large the numbers are whose difference the inner product of a kernel with itself is; zero for
  /// constant features.
  var size: Double {
    let total = sums.values.reduce(0, +)
    let m = Double(max(3, count))
    return gram.squaredNorm + total * total / ((m - 1) * (m - 2))
  }

  init(_ rows: Matrix, counts: [Int]) {
    let centred = rows.centered
    var gram = centred.timesTransposed(centred)
    // Constant features leave rounding.
    if centred.squaredNorm <= 1e-28 * rows.squaredNorm {
      gram = Matrix(rows: rows.rows, columns: rows.rows)
    }
    for index in 0..<gram.rows { gram[index, index] = 0 }
    self.gram = gram
    self.counts = counts
    sums = gram.blockSums(with: nil, counts)
  }

  /// The U-centred inner product, of all rows first and then without each block:
  /// tr(KL) + 1ᵀK1 1ᵀL1/((m−1)(m−2)) − 2/(m−2) 1ᵀKL1 for kernels with zero diagonals.
  func product(_ other: BlockedGram) -> [Double] {
    let blocks = counts.count
    let products = gram.blockSums(with: other.gram, counts)
    let (a, b) = (sums.rowTotals, other.sums.rowTotals)
    func folded(_ rowSums: Matrix) -> Matrix {
      var result = Matrix(rows: blocks, columns: blocks)
      var row = 0
      for (block, number) in counts.enumerated() {
        for _ in 0..<number {
          for column in 0..<blocks { result[block, column] += rowSums[row, column] }
          row += 1
        }
      }
      return result
    }
    let (kl, k, l) = (folded(products), folded(sums), folded(other.sums))
    func without(_ matrix: Matrix, _ block: Int?) -> Double {
      let total = matrix.values.reduce(0, +)
      guard let block else { return total }
      var part = -matrix[block, block]
      for column in 0..<blocks { part += matrix[block, column] + matrix[column, block] }
      return total - part
    }
    func value(_ block: Int?, _ middle: Double) -> Double {
      let m = Double(count - (block.map { counts[$0] } ?? 0))
      guard m > 2 else { return 0 }
      return without(kl, block) + without(k, block) * without(l, block) / ((m - 1) * (m - 2))
        - 2 / (m - 2) * middle
    }
    var result = [value(nil, dot(a, b))]
    var start = 0
    for (block, number) in counts.enumerated() {
      var middle = 0.0
      for row in 0..<count where row < start || row >= start + number {
        middle += (a[row] - sums[row, block]) * (b[row] - other.sums[row, block])
      }
      result.append(value(block, middle))
      start += number
    }
    return result
  }
}

extension Matrix {
  fileprivate var rowTotals: [Double] { times([Double](repeating: 1, count: columns)) }

  /// For each row, the sums over blocks of columns of the entries, times those of `other`.
  fileprivate func blockSums(with other: Matrix?, _ counts: [Int]) -> Matrix {
    var result = Matrix(rows: rows, columns: counts.count)
    let width = columns
    func sum(_ a: UnsafeBufferPointer<Double>, _ b: UnsafeBufferPointer<Double>?) {
      for row in 0..<rows {
        var start = row * width
        for (block, number) in counts.enumerated() {
          // Four sums, for additions that need not wait for one another.
          var (s0, s1, s2, s3) = (0.0, 0.0, 0.0, 0.0)
          var place = start
          let end = start + number
          while place + 3 < end {
            s0 += a[place] * (b?[place] ?? 1)
            s1 += a[place + 1] * (b?[place + 1] ?? 1)
            s2 += a[place + 2] * (b?[place + 2] ?? 1)
            s3 += a[place + 3] * (b?[place + 3] ?? 1)
            place += 4
          }
          while place < end {
            s0 += a[place] * (b?[place] ?? 1)
            place += 1
          }
          result.values[row * counts.count + block] = (s0 + s1) + (s2 + s3)
          start = end
        }
      }
    }
    values.withUnsafeBufferPointer { a in
      if let other { other.values.withUnsafeBufferPointer { sum(a, $0) } } else { sum(a, nil) }
    }
    return result
  }
}
