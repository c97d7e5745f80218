import LinearAlgebra

/// Σ x yᵀ over shifted rows x (before) and y (after).
///
/// Where both are equally wide, the lower triangle follows from sums that are kept anyway: with
/// z = y − x, Σ (x yᵀ + y xᵀ) = Σ x xᵀ + Σ y yᵀ − Σ z zᵀ. It then costs neither time nor memory, and its
/// rounding is that of Σ x xᵀ and Σ y yᵀ: for features whose sizes are far apart the whole is summed.
enum CrossSums: Sendable {
  /// The upper triangle; widths are equal.
  case upper(UpperTriangle)

  /// All of it, p×q.
  case whole(Matrix)

  /// Whether the lower triangle loses no more than some five bits of the smaller side.
  static func isBalanced(_ x: Matrix, _ y: Matrix) -> Bool {
    let (a, b) = (x.squaredNorm, y.squaredNorm)
    return a <= 1024 * b && b <= 1024 * a
  }
}

extension ShiftedSums {
  /// Σ x yᵀ as a matrix, less `scale` times Σ x Σ yᵀ.
  func crossMatrix(lessProductOfSums scale: Double = 0) -> Matrix {
    var result: Matrix
    switch cross {
    case .whole(let matrix): result = matrix
    case .upper(let upper):
      let size = upper.size
      result = Matrix(rows: size, columns: size)
      result.values.withUnsafeMutableBufferPointer { values in
        forEachCrossSegment(upper) { row, columns, above, below in
          for (place, column) in columns.enumerated() {
            values[row * size + column] = above[place]
            if column > row { values[column * size + row] = below(place) }
          }
        }
      }
    }
    if scale != 0 {
      result.addProduct(
        transposed: Matrix(rows: 1, columns: x.count, values: x),
        Matrix(rows: 1, columns: y.count, values: y), scale: -scale)
    }
    return result
  }

  /// (Σ x yᵀ) v, for `v` as wide as the features after.
  func crossTimes(_ vector: [Double]) -> [Double] {
    switch cross {
    case .whole(let matrix): return matrix.times(vector)
    case .upper(let upper): return crossTimes(vector, upper, transposed: false)
    }
  }

  /// (Σ y xᵀ) v, for `v` as wide as the features before.
  func crossTransposedTimes(_ vector: [Double]) -> [Double] {
    switch cross {
    case .whole(let matrix): return matrix.transposedTimes(vector)
    case .upper(let upper): return crossTimes(vector, upper, transposed: true)
    }
  }

  /// ‖Σ x yᵀ − Σ x Σ yᵀ / n‖², without a matrix of its own.
  func centredCrossSquaredNorm(count: Int) -> Double {
    let scale = 1 / Double(max(1, count))
    var total = 0.0
    x.withUnsafeBufferPointer { x in
      y.withUnsafeBufferPointer { y in
        switch cross {
        case .whole(let matrix):
          let q = y.count
          matrix.values.withUnsafeBufferPointer { entries in
            for row in x.indices {
              let mean = x[row] * scale
              var part = 0.0
              for column in 0..<q {
                let value = entries[row * q + column] - mean * y[column]
                part += value * value
              }
              total += part
            }
          }
        case .upper(let upper):
          forEachCrossSegment(upper) { row, columns, above, below in
            let (meanX, meanY) = (x[row] * scale, y[row] * scale)
            var part = 0.0
            for place in above.indices {
              let column = columns.lowerBound + place
              let value = above[place] - meanX * y[column]
              part += value * value
              guard column > row else { continue }
              let other = below(place) - meanY * x[column]
              part += other * other
            }
            total += part
          }
        }
      }
    }
    return total
  }

  private func crossTimes(
    _ vector: [Double], _ upper: UpperTriangle, transposed: Bool
  ) -> [Double] {
    precondition(vector.count == upper.size, "\(vector.count) entries for \(upper.size)")
    var result = [Double](repeating: 0, count: upper.size)
    result.withUnsafeMutableBufferPointer { result in
      vector.withUnsafeBufferPointer { vector in
        forEachCrossSegment(upper) { row, columns, above, below in
          var sum = 0.0
          for place in above.indices {
            let column = columns.lowerBound + place
            guard column > row else {
              sum += above[place] * vector[row]
              continue
            }
            let (first, second) =
              transposed ? (below(place), above[place]) : (above[place], below(place))
            sum += first * vector[column]
            result[column] += second * vector[row]
          }
          result[row] += sum
        }
      }
    }
    return result
  }

  /// Calls `body` with parts of rows of the upper triangle, and the entries opposite to them.
  @inline(__always)
  private func forEachCrossSegment(
    _ upper: UpperTriangle,
    _ body: (
      _ row: Int, _ columns: Range<Int>, _ above: UnsafeBufferPointer<Double>,
      _ below: (Int) -> Double
    ) -> Void
  ) {
    upper.forEachSegment(with: [xx, yy, change]) { row, columns, parts in
      let (above, a, b, c) = (parts[0], parts[1], parts[2], parts[3])
      body(row, columns, above) { place in a[place] + b[place] - c[place] - above[place] }
    }
  }
}
