public import LinearAlgebra

/// How far the features of labelled examples have collapsed to their class means.
///
/// Papyan, Han and Donoho, PNAS 117 (2020). μ_c are the class means, μ_G the mean of the class means
/// (not of the examples), C the number of classes with examples.
public struct NeuralCollapse: Equatable, Sendable {
  /// NC1: tr(S_W S_B⁺), S_W = (1/N) Σ (h − μ_c)(h − μ_c)ᵀ, S_B = (1/C) Σ (μ_c − μ_G)(μ_c − μ_G)ᵀ, the
  /// pseudoinverse cut at rank C − 1. The authors' notebook; papers divide by C besides.
  public let variability: Measured

  /// NC2, lengths: the standard deviation (C − 1) of ‖μ_c − μ_G‖ over its mean.
  public let equinorm: Measured

  /// NC2, angles: the mean over pairs of |cos(μ_c − μ_G, μ_c′ − μ_G) + 1/(C − 1)|.
  public let equiangularity: Measured

  /// NC3: ‖W/‖W‖ − M/‖M‖‖², W the head's rows of the classes and M the rows μ_c − μ_G.
  public let selfDuality: Measured

  /// The number of classes with examples.
  public let classes: Int

  /// The measures of rows with labels.
  ///
  /// - Parameter head: the head's matrix, features × classes as Keras stores it, columns numbered
  ///   as the labels.
  /// - Precondition: one label per row.
  public init(rows: Matrix, labels: [Int], head: Matrix? = nil) throws(GeometryError) {
    precondition(labels.count == rows.rows, "\(labels.count) labels for \(rows.rows) rows")
    try rows.checkFinite(side: "features", offset: 0)
    var sums = ClassSums(width: rows.columns)
    sums.add(rows, labels: labels)
    let centre = rows.columnMeans
    let shifted = rows.subtractingFromRows(centre)
    try self.init(sums, centre: centre, head: head) { axes in
      shifted.timesTransposed(axes).transposed.rowSquaredNorms
    }
  }

  /// The measures from sums: `second` is Σ (h − centre)(h − centre)ᵀ over all examples.
  init(
    _ sums: ClassSums, second: Matrix, centre: [Double], head: Matrix? = nil
  ) throws(GeometryError) {
    try self.init(sums, centre: centre, head: head) { axes in
      axes.rowInnerProducts(axes * second)
    }
  }

  /// The measures from sums: `energies` gives Σ (a·(h − centre))² over all examples for each row a.
  private init(
    _ sums: ClassSums, centre: [Double], head: Matrix?, energies: (Matrix) -> [Double]
  ) throws(GeometryError) {
    let present = sums.sums.keys.sorted()
    classes = present.count
    let total = present.reduce(0.0) { $0 + Double(sums.counts[$1] ?? 0) }
    guard present.count >= 2 else {
      let none = Measured.undefined("neural collapse needs at least 2 classes with examples")
      (variability, equinorm, equiangularity, selfDuality) = (none, none, none, none)
      return
    }
    let means = Matrix(present.map { sums.mean(of: $0) })
    let relative = means.centered
    let lengths = relative.rowSquaredNorms.map { $0.squareRoot() }
    let size = lengths.reduce(0, +) / Double(classes)
    let scale = means.frobeniusNorm
    guard relative.frobeniusNorm > 1e-14 * scale else {
      let none = Measured.undefined("all class means are equal")
      (variability, equinorm, equiangularity, selfDuality) = (none, none, none, none)
      return
    }

    // S_B⁺ = V diag(C/s²) Vᵀ with M = U diag(s) Vᵀ.
    let svd = try convertingErrors { () throws(LinearAlgebraError) in try relative.svd() }
    let rank = min(
      classes - 1,
      RankRule.doublePrecision.rank(
        singularValues: svd.values, rows: relative.rows, columns: relative.columns))
    let axes = svd.vt[rows: 0..<rank]
    var within = energies(axes)
    for label in present {
      // Σ over a class of (h − μ_c)(h − μ_c)ᵀ = Σ (h − c)(h − c)ᵀ − n_c (μ_c − c)(μ_c − c)ᵀ.
      let offset = zip(sums.mean(of: label), centre).map { $0 - $1 }
      for (index, value) in axes.times(offset).enumerated() {
        within[index] -= Double(sums.counts[label] ?? 0) * value * value
      }
    }
    var trace = 0.0
    for index in 0..<rank {
      let energy = svd.values[index] * svd.values[index] / Double(classes)
      trace += max(0, within[index]) / total / energy
    }
    variability = Measured(trace)

    let squares = lengths.reduce(0) { $0 + ($1 - size) * ($1 - size) }
    equinorm = Measured((squares / Double(classes - 1)).squareRoot() / size)
    if let place = lengths.firstIndex(where: { $0 <= 1e-14 * scale }) {
      equiangularity = .undefined("the mean of class \(present[place]) is the mean of all means")
    } else {
      let unit = relative.scalingRows(by: lengths.map { 1 / $0 })
      let cosines = unit.timesTransposed(unit)
      var sum = 0.0
      for row in 0..<classes {
        for column in 0..<classes where column != row {
          sum += abs(cosines[row, column] + 1 / Double(classes - 1))
        }
      }
      equiangularity = Measured(sum / Double(classes * (classes - 1)))
    }
    guard let head else {
      selfDuality = .undefined("no head was given")
      return
    }
    guard head.rows == means.columns, present.allSatisfy({ (0..<head.columns).contains($0) }) else {
      selfDuality = .undefined(
        "the head reads \(head.rows) features for \(head.columns) classes, and these are "
          + "\(means.columns) features with labels up to \(present.last ?? 0)")
      return
    }
    let weights = head.transposed.selectingRows(present)
    let length = weights.frobeniusNorm
    guard length > 0 else {
      selfDuality = .undefined("the head is zero")
      return
    }
    let gap = ((1 / length) * weights).adding(
      (1 / relative.frobeniusNorm) * relative, scale: -1)
    selfDuality = Measured(gap.squaredNorm)
  }

  /// NC4: the share of examples whose nearest class mean is not the class of the largest logit
  /// Wᵀh + b.
  ///
  /// Ties go to the smaller class. Only classes with examples are candidates for the nearest mean.
  ///
  /// - Precondition: one label per row, one bias per class, as many features as the head reads.
  public static func disagreement(
    rows: Matrix, labels: [Int], head: Matrix, bias: [Double]
  ) -> Measured {
    precondition(labels.count == rows.rows, "\(labels.count) labels for \(rows.rows) rows")
    precondition(head.rows == rows.columns && bias.count == head.columns, "a head of other extents")
    return disagreement(rows: rows, labels: labels, logits: rows * head, bias: bias)
  }

  /// The same from the products of rows and head.
  static func disagreement(
    rows: Matrix, labels: [Int], logits: Matrix, bias: [Double]
  ) -> Measured {
    guard rows.rows > 0 else { return .undefined("there are no examples") }
    let different = disagreements(rows: rows, labels: labels, logits: logits, bias: bias)
    return Measured(Double(different.count { $0 }) / Double(rows.rows))
  }

  /// For each example, whether its nearest class mean is not the head's class.
  static func disagreements(
    rows: Matrix, labels: [Int], logits: Matrix, bias: [Double]
  ) -> [Bool] {
    var sums = ClassSums(width: rows.columns)
    sums.add(rows, labels: labels)
    let present = sums.sums.keys.sorted()
    let means = Matrix(present.map { sums.mean(of: $0) })
    let halves = means.rowSquaredNorms.map { $0 / 2 }
    // The nearest mean has the largest h·μ − |μ|²/2.
    let scores = rows.timesTransposed(means)
    return (0..<rows.rows).map { row in
      let near = largest(zip(scores.row(row), halves).map { $0 - $1 })
      let chosen = largest(zip(logits.row(row), bias).map { $0 + $1 })
      return present[near] != chosen
    }
  }
}

/// Sums of rows by class.
struct ClassSums: Equatable, Sendable {
  let width: Int
  private(set) var sums: [Int: [Double]] = [:]
  private(set) var counts: [Int: Int] = [:]

  init(width: Int) { self.width = width }

  mutating func add(_ rows: Matrix, labels: [Int]) {
    for (row, label) in labels.enumerated() {
      let values = rows.values[row * width..<(row + 1) * width]
      var sum = sums[label] ?? [Double](repeating: 0, count: width)
      for (index, value) in values.enumerated() { sum[index] += value }
      sums[label] = sum
      counts[label, default: 0] += 1
    }
  }

  mutating func set(_ sum: [Double], count: Int, label: Int) {
    sums[label] = sum
    counts[label] = count
  }

  mutating func merge(_ other: ClassSums) {
    for (label, sum) in other.sums {
      var own = sums[label] ?? [Double](repeating: 0, count: width)
      accumulate(&own, sum)
      sums[label] = own
      counts[label, default: 0] += other.counts[label] ?? 0
    }
  }

  func mean(of label: Int) -> [Double] {
    let count = Double(max(1, counts[label] ?? 0))
    return (sums[label] ?? [Double](repeating: 0, count: width)).map { $0 / count }
  }
}

private func largest(_ values: [Double]) -> Int {
  values.indices.max { values[$0] < values[$1] || (values[$0] == values[$1] && $0 > $1) } ?? 0
}
