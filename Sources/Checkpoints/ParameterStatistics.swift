public import Files

/// What the values of one parameter are like as a whole.
public struct ParameterStatistics: Equatable, Sendable {
  /// The number of values.
  public var count: Int
  /// How many are NaN.
  public var nanCount = 0
  /// How many are infinite.
  public var infiniteCount = 0
  /// How many are zero, of either sign.
  public var zeroCount = 0
  /// The Euclidean (Frobenius) norm of the finite values; infinite when squares overflow Float64.
  public var norm = 0.0
  /// The mean of the finite values; `nil` without any.
  public var mean: Double?
  /// The standard deviation of the finite values, divided by their number, not one less; `nil`
  /// without any.
  public var standardDeviation: Double?
  /// The least finite value; `nil` without any.
  public var minimum: Double?
  /// The greatest finite value; `nil` without any.
  public var maximum: Double?

  /// The statistics of `values`, sums in Float64, deviations from the mean in a second pass.
  public init(_ values: [Double]) {
    self.init(reading: { $0(values) })
  }

  /// The statistics of the values that `read` gives piece by piece, the same each time.
  init<E: Error>(reading read: (_ body: ([Double]) -> Void) throws(E) -> Void) throws(E) {
    var total = 0
    var (sum, squares) = (0.0, 0.0)
    var (least, greatest) = (Double.infinity, -Double.infinity)
    var (nans, infinities, zeros) = (0, 0, 0)
    try read { values in
      total += values.count
      for value in values {
        if value.isNaN {
          nans += 1
        } else if value.isInfinite {
          infinities += 1
        } else {
          if value == 0 { zeros += 1 }
          sum += value
          squares += value * value
          least = min(least, value)
          greatest = max(greatest, value)
        }
      }
    }
    (count, nanCount, infiniteCount, zeroCount) = (total, nans, infinities, zeros)
    norm = squares.squareRoot()
    let finite = count - nanCount - infiniteCount
    guard finite > 0 else { return }
    let mean = sum / Double(finite)
    var deviations = 0.0
    try read { values in
      for value in values where value.isFinite { deviations += (value - mean) * (value - mean) }
    }
    self.mean = mean
    standardDeviation = (deviations / Double(finite)).squareRoot()
    minimum = least
    maximum = greatest
  }

  /// Whether every value is a finite number.
  public var isFinite: Bool { nanCount == 0 && infiniteCount == 0 }
}

extension Checkpoint {
  /// What the values of `parameter` are like; memory does not grow with them.
  ///
  /// - Throws: `FileError` when they cannot be read.
  public func statistics(_ parameter: Parameter) throws(FileError) -> ParameterStatistics {
    try ParameterStatistics(reading: { body throws(FileError) in
      try source.eachBlock(parameter, body)
    })
  }
}
