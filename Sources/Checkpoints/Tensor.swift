/// Values in single precision with a shape, the last axis running fastest (row-major).
public struct Tensor: Equatable, Sendable {
  /// The extent of each axis; empty for one number without axes.
  public let shape: [Int]

  /// The values, `shape.reduce(1, *)` of them.
  public var values: [Float]

  /// Values of a shape.
  ///
  /// - Precondition: there are as many values as the shape says.
  public init(shape: [Int], values: [Float]) {
    precondition(
      values.count == shape.reduce(1, *), "\(values.count) values for the shape \(shape)")
    self.shape = shape
    self.values = values
  }

  /// A tensor of one repeated value.
  public init(shape: [Int], repeating value: Float = 0) {
    self.shape = shape
    self.values = [Float](repeating: value, count: shape.reduce(1, *))
  }

  /// The number of values.
  public var count: Int { values.count }

  /// How many values are NaN or infinite.
  public var nonFiniteCount: Int { values.reduce(0) { $1.isFinite ? $0 : $0 + 1 } }
}
