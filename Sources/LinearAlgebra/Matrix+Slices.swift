import CLAPACK

extension Matrix {
  /// The square matrix with ones on its diagonal.
  public static func identity(_ size: Int) -> Matrix {
    diagonal([Double](repeating: 1, count: size))
  }

  /// The square matrix with `entries` on its diagonal and zeros elsewhere.
  public static func diagonal(_ entries: [Double]) -> Matrix {
    var result = Matrix(rows: entries.count, columns: entries.count)
    for (index, entry) in entries.enumerated() { result[index, index] = entry }
    return result
  }

  /// A matrix of rows that all have the same length.
  ///
  /// - Precondition: the rows are equally long.
  public init(_ rows: [[Double]]) {
    let columns = rows.first?.count ?? 0
    precondition(rows.allSatisfy { $0.count == columns }, "the rows have different lengths")
    self.init(rows: rows.count, columns: columns, values: rows.flatMap { $0 })
  }

  /// A matrix of Float32 values, widened exactly.
  ///
  /// - Precondition: `single.count == rows * columns`.
  public init(rows: Int, columns: Int, single: [Float]) {
    self.init(rows: rows, columns: columns, values: single.map { Double($0) })
  }

  /// One row.
  public func row(_ index: Int) -> [Double] {
    precondition(index >= 0 && index < rows, "row \(index) of \(rows)")
    return Array(values[index * columns..<(index + 1) * columns])
  }

  /// One column.
  public func column(_ index: Int) -> [Double] {
    precondition(index >= 0 && index < columns, "column \(index) of \(columns)")
    return (0..<rows).map { values[$0 * columns + index] }
  }

  /// The entries on the diagonal.
  public var diagonal: [Double] {
    (0..<min(rows, columns)).map { values[$0 * columns + $0] }
  }

  /// The rows in `range`.
  public subscript(rows range: Range<Int>) -> Matrix {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
    return Matrix(
      rows: range.count, columns: columns,
      values: Array(values[range.lowerBound * columns..<range.upperBound * columns]))
  }

  /// The columns in `range`.
  public subscript(columns range: Range<Int>) -> Matrix {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= columns, "columns \(range) of \(columns)")
    var result: [Double] = []
    result.reserveCapacity(rows * range.count)
    for row in 0..<rows {
      let start = row * columns
      result += values[start + range.lowerBound..<start + range.upperBound]
    }
    return Matrix(rows: rows, columns: range.count, values: result)
  }

  /// The rows whose numbers are given, in that order.
  public func selectingRows(_ indices: [Int]) -> Matrix {
    var selected: [Double] = []
    selected.reserveCapacity(indices.count * columns)
    for index in indices { selected += values[index * columns..<(index + 1) * columns] }
    return Matrix(rows: indices.count, columns: columns, values: selected)
  }

  /// This matrix with the rows of `other` below its own.
  ///
  /// - Precondition: both have the same number of columns.
  public func appendingRows(of other: Matrix) -> Matrix {
    precondition(columns == other.columns, "\(columns) and \(other.columns) columns")
    return Matrix(
      rows: rows + other.rows, columns: columns, values: values + other.values)
  }

  /// This matrix with the columns of `other` behind its own.
  ///
  /// - Precondition: both have the same number of rows.
  public func appendingColumns(of other: Matrix) -> Matrix {
    precondition(rows == other.rows, "\(rows) and \(other.rows) rows")
    return transposed.appendingRows(of: other.transposed).transposed
  }

  /// The matrix with rows and columns exchanged.
  public var transposed: Matrix {
    var result = Matrix(rows: columns, columns: rows)
    guard rows > 0, columns > 0 else { return result }
    cblas_domatcopy(
      CblasRowMajor, CblasTrans, blasSize(rows), blasSize(columns), 1, values, blasSize(columns),
      &result.values, blasSize(rows))
    return result
  }

  /// The mean of every column; zeros when there are no rows.
  ///
  /// Right to a rounding or two, however many rows there are: the mean of what a first mean leaves is
  /// added to it.
  public var columnMeans: [Double] {
    let first = roughMeans
    return zip(first, subtractingFromRows(first).roughMeans).map { $0 + $1 }
  }

  /// The matrix with the mean of every column taken away, and then once more.
  ///
  /// A column whose entries are all c keeps no more than 1e-31 c: nothing that a rank could count.
  public var centered: Matrix {
    var result = subtractingFromRows(roughMeans)
    result.subtractFromRows(result.roughMeans)
    return result
  }

  /// The means of columns, to n roundings.
  private var roughMeans: [Double] {
    guard rows > 0 else { return [Double](repeating: 0, count: columns) }
    return transposedTimes([Double](repeating: 1 / Double(rows), count: rows))
  }

  /// The matrix with `shift` taken away from every row.
  ///
  /// - Precondition: `shift.count == columns`.
  public func subtractingFromRows(_ shift: [Double]) -> Matrix {
    var result = self
    result.subtractFromRows(shift)
    return result
  }

  /// Takes `shift` away from every row in place.
  ///
  /// - Precondition: `shift.count == columns`.
  public mutating func subtractFromRows(_ shift: [Double]) {
    precondition(shift.count == columns, "a shift of \(shift.count) for \(columns) columns")
    guard rows > 0, columns > 0 else { return }
    cblas_dger(
      CblasRowMajor, blasSize(rows), blasSize(columns), -1,
      [Double](repeating: 1, count: rows), 1, shift, 1, &values, blasSize(columns))
  }
}
