import LinearAlgebra

/// Features of the examples of one set: n rows of d values, with labels where they are known.
public struct FeatureSet: Equatable, Sendable {
  /// d.
  public let width: Int

  /// n × d, row by row.
  public let values: [Float]

  /// One label per row, when the set has labels.
  public let labels: [Int]?

  /// n.
  public var count: Int { width == 0 ? 0 : values.count / width }

  /// - Precondition: `values` fills whole rows, and there is one label per row if any.
  public init(width: Int, values: [Float], labels: [Int]?) {
    precondition(
      width > 0 && values.count % width == 0, "\(values.count) values cannot fill rows of \(width)")
    precondition(
      labels.map { $0.count * width == values.count } ?? true,
      "\(labels?.count ?? 0) labels for \(values.count / width) rows")
    self.width = width
    self.values = values
    self.labels = labels
  }

  /// The rows of a range.
  public subscript(rows: Range<Int>) -> FeatureSet {
    FeatureSet(
      width: width, values: Array(values[rows.lowerBound * width..<rows.upperBound * width]),
      labels: labels.map { Array($0[rows]) })
  }

  /// The labels, all of them known and below `classes`.
  func labels(below classes: Int) throws -> [Int] {
    guard count > 0 else { throw TrainingError("a set without examples cannot be learned from") }
    guard let labels else { throw TrainingError("the set has no labels") }
    if let row = labels.firstIndex(where: { !(0..<classes).contains($0) }) {
      throw TrainingError(
        "row \(row): label \(labels[row]) is outside the classes 0…\(classes - 1)")
    }
    return labels
  }

  /// Checks that no value is NaN or infinite.
  func checkFinite() throws {
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw TrainingError("row \(index / width): its features are not finite")
    }
  }

  /// The mean and standard deviation (1/N) of all values together.
  func scalarMoments() -> (mean: Double, deviation: Double) {
    let number = Double(max(values.count, 1))
    let mean = values.reduce(0.0) { $0 + Double($1) } / number
    let square = values.reduce(0.0) { $0 + (Double($1) - mean) * (Double($1) - mean) }
    return (mean, (square / number).squareRoot())
  }

  /// The features as Float64 with a scalar taken out and multiplied by another.
  func standardised(mean: Double, scale: Double) -> Matrix {
    Matrix(rows: count, columns: width, values: values.map { (Double($0) - mean) * scale })
  }
}

extension RandomAccessCollection where Element: Comparable {
  /// The offset of the largest element from the start, the first one on a tie; 0 when there is none.
  package var indexOfLargest: Int {
    var (best, largest) = (0, first)
    for (offset, element) in enumerated() {
      if let current = largest, element > current { (best, largest) = (offset, element) }
    }
    return best
  }
}
