public import LinearAlgebra

/// The uncentred second moment of a layer's inputs, Σ a aᵀ, taken in one pass.
///
/// Each row a is one input of the layer's matrix: an example for a dense layer, an image patch for a
/// convolution. Gradients with respect to the matrix are sums of outer products with these rows, so
/// their span is where gradient descent can change it. Uncentred, because the gradient is; with the
/// bias folded in, each row gets a further coordinate that is 1.
public struct InputMoment: Sendable {
  /// What is kept of the rows.
  public enum Precision: Equatable, Sendable {
    /// The triangular factor R of the rows, with RᵀR = Σ a aᵀ, brought up to date by Householder
    /// reflections. It tells directions down to 1e-15 of the strongest from nothing at all; needed
    /// to say that a change is *exactly* inside the span. Three to six times the time of `.half`, which
    /// it becomes as soon as the rows so far are seen to span every dimension beyond doubt (σ_min at
    /// least 1e-4 σ_max, coordinates that were always zero aside): no direction can be lost after that.
    case full

    /// The sum Σ a aᵀ itself, which knows directions only down to about 1e-8 √d of the strongest.
    case half
  }

  /// The number of coordinates, the bias coordinate included.
  public let width: Int

  /// Whether the last coordinate is the constant 1 of a folded-in bias.
  public let includesBias: Bool

  /// What is kept of the rows by now.
  public private(set) var precision: Precision

  /// The number of rows from which on it is looked at whether full precision is still needed.
  private var nextLook: Int

  /// The number of rows added.
  public private(set) var count = 0

  /// Σ a.
  public private(set) var sum: [Double]

  /// R, or the upper triangle of Σ a aᵀ.
  private var kept: Matrix

  /// Empty sums for rows of `fanIn` values.
  ///
  /// - Precondition: `fanIn > 0`.
  public init(fanIn: Int, includesBias: Bool = false, precision: Precision = .full) {
    precondition(fanIn > 0, "\(fanIn) inputs")
    width = fanIn + (includesBias ? 1 : 0)
    self.includesBias = includesBias
    self.precision = precision
    nextLook = 8 * width
    sum = [Double](repeating: 0, count: width)
    kept = Matrix(rows: width, columns: width)
  }

  /// The moment of a convolution's patches, at half precision.
  public init(_ patches: PatchMoment, includesBias: Bool = false) {
    let fanIn = patches.grid.fanIn
    width = fanIn + (includesBias ? 1 : 0)
    self.includesBias = includesBias
    precision = .half
    nextLook = .max
    count = patches.count
    sum = patches.totals
    kept = patches.upperTriangle(extraCoordinates: width - fanIn)
    guard includesBias else { return }
    sum.append(Double(count))
    for row in 0..<width { kept[row, fanIn] = sum[row] }
  }

  /// Adds `count` rows of `fanIn` values each, without the bias coordinate.
  ///
  /// - Throws: ``GeometryError`` when a value is not finite, or there are not `count × fanIn`.
  public mutating func add(
    rows: UnsafeBufferPointer<Float>, count: Int
  ) throws(GeometryError) {
    let fanIn = width - (includesBias ? 1 : 0)
    try forEachBlock(of: rows, count: count, width: fanIn) {
      (_, block) throws(GeometryError) in try addBlock(block)
    }
  }

  /// Adds `count` rows of `fanIn` values each, without the bias coordinate.
  public mutating func add(rows: [Float], count: Int) throws(GeometryError) {
    let result = rows.withUnsafeBufferPointer { rows in
      Result { () throws(GeometryError) in try add(rows: rows, count: count) }
    }
    try result.get()
  }

  /// Adds rows that are already Float64, without the bias coordinate.
  ///
  /// - Precondition: `rows.columns` is the fan-in.
  public mutating func add(rows: Matrix) throws(GeometryError) {
    let fanIn = width - (includesBias ? 1 : 0)
    precondition(rows.columns == fanIn, "\(rows.columns) columns for \(fanIn) inputs")
    var start = 0
    while start < rows.rows {
      let range = start..<min(start + rowsPerBlock, rows.rows)
      try addBlock(rows[rows: range])
      start = range.upperBound
    }
  }

  private mutating func addBlock(_ rows: Matrix) throws(GeometryError) {
    try rows.checkFinite(side: "inputs", offset: count)
    let block = includesBias ? rows.appendingOnes : rows
    let ones = [Double](repeating: 1, count: block.rows)
    switch precision {
    case .full:
      var factor = kept
      kept = Matrix(rows: 0, columns: 0)
      defer { kept = factor }
      try convertingErrors { () throws(LinearAlgebraError) in
        try factor.updateTriangularFactor(with: block)
      }
    case .half: kept.addUpperGram(of: block)
    }
    accumulate(&sum, block.transposedTimes(ones))
    count += block.rows
    try settle()
  }

  /// Goes on with the second moment when the rows so far span every dimension that they reach, well above
  /// what a second moment can tell.
  private mutating func settle() throws(GeometryError) {
    guard precision == .full, count >= nextLook else { return }
    nextLook = 2 * count
    let factor = kept
    let columns = factor.transposed.selectingRows(usedCoordinates(of: factor))
    let values = try convertingErrors { () throws(LinearAlgebraError) in
      try columns.singularValues()
    }
    guard let largest = values.first, let smallest = values.last, largest > 0,
      smallest >= 1e-4 * largest
    else { return }
    becomeHalf()
  }

  private mutating func becomeHalf() {
    guard precision == .full else { return }
    kept = kept.gram
    precision = .half
  }

  /// The coordinates that are not zero in every row, by an upper triangle that is kept of them.
  private func usedCoordinates(of triangle: Matrix) -> [Int] {
    (0..<width).filter { column in (0...column).contains { triangle[$0, column] != 0 } }
  }

  /// Adds the rows of another moment.
  ///
  /// - Throws: ``GeometryError/widths(expected:found:)``.
  /// - Precondition: both include the bias or neither does.
  public mutating func merge(_ other: InputMoment) throws(GeometryError) {
    guard other.width == width else { throw .widths(expected: width, found: other.width) }
    precondition(
      other.includesBias == includesBias, "moments of different kinds cannot be merged")
    var other = other
    if precision != other.precision {
      becomeHalf()
      other.becomeHalf()
    }
    switch precision {
    case .full:
      var factor = kept
      try convertingErrors { () throws(LinearAlgebraError) in
        try factor.updateTriangularFactor(with: other.kept)
      }
      kept = factor
    case .half: kept.add(other.kept)
    }
    accumulate(&sum, other.sum)
    count += other.count
  }

  /// The second moment E[a aᵀ]; zeros when there are no rows.
  public var secondMoment: Matrix {
    var total = kept
    if precision == .full { total = kept.gram } else { total.mirrorUpperTriangle() }
    total.scale(by: 1 / Double(max(1, count)))
    return total
  }

  /// BᵀMB for the second moment M: that of the rows' coordinates Bᵀa.
  ///
  /// - Precondition: `basis.rows == width`. Zeros when there are no rows.
  public func secondMoment(along basis: Matrix) -> Matrix {
    precondition(basis.rows == width, "\(basis.rows) rows for \(width) coordinates")
    switch precision {
    case .full:
      var gram = (kept * basis).gram
      gram.scale(by: 1 / Double(max(1, count)))
      return gram
    case .half: return basis.transposedTimes(secondMoment * basis)
    }
  }

  /// The mean row E[a]; zeros when there are no rows.
  public var mean: [Double] { sum.map { $0 / Double(max(1, count)) } }

  /// The eigenvectors of the second moment with their energies, at the precision kept.
  ///
  /// Coordinates that are zero in every row (units that never fire, pixels of a border) are directions
  /// of their own, with no energy: exactly, whatever else has little.
  ///
  /// - Throws: ``GeometryError/noRows`` when nothing was added.
  /// - Complexity: O(w³) for w coordinates that are not zero.
  public func principalDirections() throws(GeometryError) -> PrincipalDirections {
    guard count > 0 else { throw .noRows }
    func found(_ moment: Matrix) throws(GeometryError) -> PrincipalDirections {
      precision == .full
        ? try PrincipalDirections(factor: moment, count: count)
        : try PrincipalDirections(secondMoment: moment, count: count)
    }
    let moment = precision == .full ? kept : secondMoment
    let used = usedCoordinates(of: moment)
    guard !used.isEmpty, used.count < width else { return try found(moment) }
    let columns = moment.transposed.selectingRows(used)
    let part = try found(
      precision == .full ? columns.transposed : columns.transposed.selectingRows(used))
    var vectors = Matrix(rows: width, columns: width)
    for (row, coordinate) in used.enumerated() {
      for column in used.indices { vectors[coordinate, column] = part.vectors[row, column] }
    }
    for (place, coordinate) in Set(0..<width).subtracting(used).sorted().enumerated() {
      vectors[coordinate, used.count + place] = 1
    }
    return PrincipalDirections(
      energies: part.energies + [Double](repeating: 0, count: width - used.count),
      vectors: vectors, count: count, fromSecondMoment: part.fromSecondMoment)
  }

  /// The span of the rows by a rule.
  ///
  /// By default every direction that rounding the inputs to Float32 cannot explain.
  public func subspace(
    _ rule: SubspaceRule = .numericalRank(.singleRounding)
  ) throws(GeometryError) -> Subspace {
    try principalDirections().subspace(rule)
  }

  /// E|Wᵀ a|², the mean squared length of the outputs a matrix gives for the rows.
  ///
  /// At full precision this is a sum of squares, zero to 1e-30 for a matrix that cannot see the
  /// rows.
  ///
  /// - Precondition: `matrix.rows == width`. Zero when there are no rows.
  public func meanSquaredOutput(of matrix: Matrix) -> Double {
    precondition(matrix.rows == width, "\(matrix.rows) rows for \(width) coordinates")
    guard count > 0 else { return 0 }
    switch precision {
    case .full: return (kept * matrix).squaredNorm / Double(count)
    case .half: return max(0, (secondMoment * matrix).innerProduct(matrix))
    }
  }

  /// E(uᵀ a)² for every column u of a matrix.
  ///
  /// - Precondition: `directions.rows == width`. Zeros when there are no rows.
  public func energies(along directions: Matrix) -> [Double] {
    precondition(directions.rows == width, "\(directions.rows) rows for \(width) coordinates")
    guard precision == .full else { return energiesAlong(directions, of: secondMoment) }
    let scale = 1 / Double(max(1, count))
    return (kept * directions).transposed.rowSquaredNorms.map { scale * $0 }
  }
}

extension Matrix {
  /// The matrix with a further column of ones.
  var appendingOnes: Matrix {
    var entries: [Double] = []
    entries.reserveCapacity(rows * (columns + 1))
    for row in 0..<rows {
      entries += values[row * columns..<(row + 1) * columns]
      entries.append(1)
    }
    return Matrix(rows: rows, columns: columns + 1, values: entries)
  }
}
