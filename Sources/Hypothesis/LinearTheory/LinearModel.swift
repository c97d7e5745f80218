public import LinearAlgebra

/// The two-layer linear model f(x) = vᵀ B x: a head v on features B x.
///
/// It is the smallest network in which fine-tuning can distort features, and everything about it
/// can be proved.
public struct LinearModel: Equatable, Sendable {
  /// The head v, one weight for each of the k features.
  public var head: [Double]

  /// The feature map B, k × d: one row for each feature, one column for each input coordinate.
  public var features: Matrix

  /// A model of the given head and features.
  ///
  /// - Precondition: there is one head weight for each row of `features`.
  public init(head: [Double], features: Matrix) {
    precondition(
      head.count == features.rows, "\(head.count) head weights for \(features.rows) features")
    self.head = head
    self.features = features
  }

  /// The number of features, k.
  public var rank: Int { features.rows }

  /// The number of input coordinates, d.
  public var dimension: Int { features.columns }

  /// The linear function that the model computes, Bᵀ v, of d weights.
  public var weights: [Double] {
    var weights = [Double](repeating: 0, count: dimension)
    for feature in 0..<rank {
      let scale = head[feature]
      let row = feature * dimension
      for input in 0..<dimension { weights[input] += scale * features.values[row + input] }
    }
    return weights
  }

  /// Head and features in one array, head first, then the features row by row: k + k·d values.
  package var parameters: [Double] { head + features.values }

  /// The model whose ``parameters`` are these.
  package init(parameters: [Double], rank: Int, dimension: Int) {
    precondition(
      parameters.count == rank * (dimension + 1),
      "\(parameters.count) parameters for \(rank) features of \(dimension) inputs")
    self.init(
      head: Array(parameters[..<rank]),
      features: Matrix(rows: rank, columns: dimension, values: Array(parameters[rank...])))
  }
}
