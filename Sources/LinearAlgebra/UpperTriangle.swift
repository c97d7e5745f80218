/// The upper triangle of a square matrix of sums, kept in panels of rows.
///
/// It takes little more than half the memory of the matrix, and its panels can be added to side by
/// side. Triangles of one size have their entries at the same places.
public struct UpperTriangle: Sendable {
  /// The number of rows and columns of the whole matrix.
  public let size: Int

  /// The panels one after the other, each row by row: rows `w p ..< w (p + 1)` from column `w p` on.
  /// What lies below the diagonal there means nothing.
  var entries: [Double]

  /// How many rows a panel has: products of few rows and many columns are the fastest.
  static let panelHeight = 512

  /// A triangle of zeros.
  ///
  /// - Precondition: `size >= 0`.
  public init(size: Int) {
    precondition(size >= 0, "\(size) rows")
    self.size = size
    entries = [Double](
      repeating: 0,
      count: (0..<Self.panels(of: size)).reduce(0) { $0 + Self.extent($1, size).count })
  }

  /// The upper triangle of a matrix.
  ///
  /// - Precondition: the matrix is square.
  public init(of matrix: Matrix) {
    precondition(matrix.rows == matrix.columns, "\(matrix.rows)×\(matrix.columns) is not square")
    self.init(size: matrix.rows)
    updateSegments { row, columns, entries in
      for (place, column) in columns.enumerated() { entries[place] = matrix[row, column] }
    }
  }

  static func panels(of size: Int) -> Int { (size + panelHeight - 1) / panelHeight }

  /// Where a panel lies, how many entries it has, and which rows it holds; its columns begin with the
  /// first of these.
  static func extent(_ panel: Int, _ size: Int) -> (offset: Int, count: Int, rows: Range<Int>) {
    let rows = panel * panelHeight..<min((panel + 1) * panelHeight, size)
    let before = panelHeight * (panel * size - panelHeight * (panel * (panel - 1) / 2))
    return (before, rows.count * (size - rows.lowerBound), rows)
  }

  /// Calls `body` with every row, from the diagonal on: the row, the columns, and the place of the
  /// first of them among ``entries``.
  private func forEachPlace(_ body: (_ row: Int, _ columns: Range<Int>, _ place: Int) -> Void) {
    for panel in 0..<Self.panels(of: size) {
      let (offset, _, rows) = Self.extent(panel, size)
      for row in rows {
        let place = (row - rows.lowerBound) * (size - rows.lowerBound + 1)
        body(row, row..<size, offset + place)
      }
    }
  }

  /// Calls `body` with every row, from the diagonal on, and the same rows of `others`.
  ///
  /// - Precondition: all are of one size.
  public func forEachSegment(
    with others: [UpperTriangle] = [],
    _ body: (_ row: Int, _ columns: Range<Int>, _ parts: [UnsafeBufferPointer<Double>]) -> Void
  ) {
    precondition(others.allSatisfy { $0.size == size }, "triangles of different sizes")
    func next(_ found: [UnsafeBufferPointer<Double>]) {
      guard found.count <= others.count else {
        forEachPlace { row, columns, place in
          body(
            row, columns,
            found.map { UnsafeBufferPointer(rebasing: $0[place..<place + columns.count]) })
        }
        return
      }
      let source = found.isEmpty ? entries : others[found.count - 1].entries
      source.withUnsafeBufferPointer { next(found + [$0]) }
    }
    next([])
  }

  private mutating func updateSegments(
    _ body: (_ row: Int, _ columns: Range<Int>, _ part: UnsafeMutableBufferPointer<Double>) -> Void
  ) {
    let shape = UpperTriangle(shapeOf: size)
    entries.withUnsafeMutableBufferPointer { entries in
      shape.forEachPlace { row, columns, place in
        body(
          row, columns,
          UnsafeMutableBufferPointer(rebasing: entries[place..<place + columns.count]))
      }
    }
  }

  private init(shapeOf size: Int) {
    self.size = size
    entries = []
  }

  /// The sum of the diagonal.
  public var trace: Double {
    var sum = 0.0
    forEachPlace { row, columns, place in if columns.lowerBound == row { sum += entries[place] } }
    return sum
  }

  /// Adds `scale · other` in place.
  ///
  /// - Precondition: the sizes are equal.
  public mutating func add(_ other: UpperTriangle, scale: Double = 1) {
    precondition(size == other.size, "triangles of \(size) and \(other.size) rows")
    other.entries.withUnsafeBufferPointer { added in
      entries.withUnsafeMutableBufferPointer { entries in
        var place = 0
        while place < entries.count {
          entries[place] += scale * added[place]
          place += 1
        }
      }
    }
  }

  /// Adds the upper triangle of `scale · a bᵀ`.
  ///
  /// - Precondition: as many entries in both vectors as rows.
  public mutating func addOuterProduct(_ a: [Double], _ b: [Double], scale: Double = 1) {
    precondition(a.count == size && b.count == size, "\(a.count) and \(b.count) for \(size) rows")
    b.withUnsafeBufferPointer { b in
      updateSegments { row, columns, part in
        let factor = scale * a[row]
        var place = 0
        while place < part.count {
          part[place] += factor * b[columns.lowerBound + place]
          place += 1
        }
      }
    }
  }

  /// The product of the symmetric matrix and a vector.
  ///
  /// - Precondition: `vector.count == size`.
  public func symmetricTimes(_ vector: [Double]) -> [Double] {
    precondition(vector.count == size, "\(vector.count) entries for \(size) columns")
    var result = [Double](repeating: 0, count: size)
    result.withUnsafeMutableBufferPointer { result in
      vector.withUnsafeBufferPointer { vector in
        forEachSegment { row, columns, parts in
          let part = parts[0]
          var (sum, place) = (0.0, 0)
          let factor = vector[row]
          if columns.lowerBound == row {
            sum = part[0] * factor
            place = 1
          }
          while place < part.count {
            sum += part[place] * vector[columns.lowerBound + place]
            result[columns.lowerBound + place] += part[place] * factor
            place += 1
          }
          result[row] += sum
        }
      }
    }
    return result
  }

  /// The symmetric matrix times `scale`, both triangles.
  public func symmetricMatrix(scale: Double = 1) -> Matrix {
    var result = Matrix(rows: size, columns: size)
    let size = size
    result.values.withUnsafeMutableBufferPointer { values in
      forEachSegment { row, columns, parts in
        var place = 0
        while place < parts[0].count {
          values[row * size + columns.lowerBound + place] = scale * parts[0][place]
          place += 1
        }
      }
    }
    result.mirrorUpperTriangle()
    return result
  }
}
