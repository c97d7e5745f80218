public import LinearAlgebra

/// Debiased linear CKA of every layer of one network with every layer of another, in one pass over the
/// examples and memory that does not grow with their number.
///
/// Examples come in minibatches. Of each minibatch of m examples and each layer, the centred Gram
/// matrix is made once, and of each pair of layers the unbiased HSIC of Song et al. is added up:
/// CKA = Σ HSIC(X, Y) / √(Σ HSIC(X, X) Σ HSIC(Y, Y)), as in Nguyen, Raghu and Kornblith, "Do Wide and
/// Deep Networks Learn the Same Things?", ICLR 2021. With one minibatch it is the debiased CKA of all
/// examples. Minibatches must be random samples: ``minibatches(of:size:)`` deals examples by the hash
/// of their identifiers, so that neither the order in files nor the size of reads matters.
///
/// Intervals leave out blocks of examples, groups never split, from every minibatch; each left-out
/// sum follows from partial sums, without another pass. For p and q layers: O((p + q) m² d) per
/// minibatch for Gram matrices and O(p q m²) for pairs; (p + q) m² numbers of memory.
public struct LayerAlignment: Sendable {
  /// The number of layers on each side.
  public let before, after: Int

  /// How many blocks the jackknife leaves out in turn.
  public let blocks: Int

  /// The number of examples added.
  public private(set) var count = 0

  /// The number of minibatches they came in.
  public private(set) var minibatches = 0

  /// Sums of unbiased inner products: of all examples first, then without each block.
  private var cross: [[Double]]
  private var ownBefore, ownAfter: [[Double]]

  /// The variance of each cross sum under random pairing within minibatches.
  private var pairingVariance: [Double]
  private var blockCounts: [Int]

  /// Whether a minibatch without a block had fewer than four examples.
  private var isTooSmall = false

  /// Empty sums.
  ///
  /// - Precondition: there is a layer on both sides, and at least two blocks.
  public init(before: Int, after: Int, blocks: Int = 20) {
    precondition(before > 0 && after > 0 && blocks >= 2, "\(before), \(after), \(blocks)")
    self.before = before
    self.after = after
    self.blocks = blocks
    let zeros = [Double](repeating: 0, count: blocks + 1)
    cross = [[Double]](repeating: zeros, count: before * after)
    ownBefore = [[Double]](repeating: zeros, count: before)
    ownAfter = [[Double]](repeating: zeros, count: after)
    pairingVariance = [Double](repeating: 0, count: before * after)
    blockCounts = [Int](repeating: 0, count: blocks)
  }

  /// The largest minibatch whose Gram matrices, and rows of the widest layer, fit into 256 MiB each:
  /// from 64 to 1024 examples.
  public static func largestMinibatch(layers: Int, widest: Int) -> Int {
    let numbers = Double(1 << 25)
    let byGrams = (numbers / Double(max(1, layers))).squareRoot()
    return Int(max(64, min(1024, byGrams, numbers / 2 / Double(max(1, widest)))))
  }

  /// Deals examples into minibatches of nearly equal size, at most `size`, by the hash of their
  /// identifiers.
  ///
  /// - Precondition: `size >= 4`.
  /// - Returns: the places of the examples of each minibatch.
  public static func minibatches(of keys: [ExampleKey], size: Int) -> [[Int]] {
    precondition(size >= 4, "minibatches of \(size)")
    let order = keys.map { ($0.mixedExample, $0.example) }
    let sorted = keys.indices.sorted { order[$0] < order[$1] }
    guard !sorted.isEmpty else { return [] }
    let parts = (sorted.count + size - 1) / size
    return (0..<parts).map { part in
      Array(sorted[part * sorted.count / parts..<(part + 1) * sorted.count / parts])
    }
  }

  /// Adds a minibatch.
  ///
  /// - Parameter rows: gives the features of one layer, a row for each key: first the layers before, then
  ///   those after.
  /// - Throws: what `rows` throws, and ``GeometryError/notFinite(side:row:)``.
  /// - Precondition: at least four keys, and as many rows.
  public mutating func add(
    keys: [ExampleKey], rows: (_ layer: Int) throws -> Matrix
  ) throws {
    precondition(keys.count >= 4, "a minibatch of \(keys.count)")
    let places = keys.map { $0.block(of: blocks) }
    // Examples of a block side by side.
    let order = keys.indices.sorted {
      (places[$0], keys[$0].mixedExample, $0) < (places[$1], keys[$1].mixedExample, $1)
    }
    var counts = [Int](repeating: 0, count: blocks)
    for place in places { counts[place] += 1 }
    let kept = counts.map { keys.count - $0 }
    if kept.contains(where: { $0 < 4 }) { isTooSmall = true }
    var grams: [BlockedGram] = []
    for layer in 0..<before + after {
      let features = try rows(layer)
      precondition(features.rows == keys.count, "\(features.rows) rows for \(keys.count) keys")
      try features.checkFinite(side: layer < before ? "before" : "after", offset: count)
      grams.append(BlockedGram(features.selectingRows(order), counts: counts))
    }
    let weight = 1 / Double(max(1, keys.count - 3))
    for i in 0..<before { ownBefore[i] = add(grams[i], grams[i], to: ownBefore[i]).sums }
    for j in 0..<after {
      ownAfter[j] = add(grams[before + j], grams[before + j], to: ownAfter[j]).sums
    }
    let m = Double(keys.count)
    let own = grams.map { $0.product($0)[0] }
    for i in 0..<before {
      for j in 0..<after {
        cross[i * after + j] = add(grams[i], grams[before + j], to: cross[i * after + j]).sums
        pairingVariance[i * after + j] +=
          weight * weight * 2 * own[i] * own[before + j] / (m * (m - 3))
      }
    }
    count += keys.count
    minibatches += 1
    for (place, number) in counts.enumerated() { blockCounts[place] += number }
  }

  private func add(
    _ a: BlockedGram, _ b: BlockedGram, to sums: [Double]
  ) -> (sums: [Double], product: [Double]) {
    let product = a.product(b)
    var result = sums
    for place in 0...blocks {
      let m = place == 0 ? a.count : a.count - a.counts[place - 1]
      if m > 3 { result[place] += product[place] / Double(m - 3) }
    }
    return (result, product)
  }

  /// Debiased CKA of layer i before and layer j after, with its interval and its null.
  ///
  /// Undefined where a layer is constant or its debiased self-similarity is not positive. The null is
  /// random pairing within minibatches: mean 0, exact deviation, normal quantiles.
  ///
  /// - Precondition: there are such layers.
  public func similarity(
    _ i: Int, _ j: Int, level: Double = 0.95
  ) -> (estimate: Estimate, null: NullSummary?) {
    precondition((0..<before).contains(i) && (0..<after).contains(j), "layers \(i) and \(j)")
    guard count >= 4 else {
      let reason = "debiased CKA needs at least 4 examples; there are \(count)"
      return (Estimate(value: .undefined(reason), note: "the value is undefined"), nil)
    }
    func value(_ place: Int) -> Measured {
      LinearCKA.ratio((cross[i * after + j][place], ownBefore[i][place], ownAfter[j][place]))
    }
    var estimate = Jackknife.estimate(
      full: value(0), leftOut: isTooSmall ? [] : (1...blocks).map(value),
      counts: isTooSmall ? [] : blockCounts, scale: .fisherZ, level: level)
    estimate.restrict(to: -1...1)
    let spread = ownBefore[i][0] * ownAfter[j][0]
    guard estimate.value.number != nil, spread > 0 else { return (estimate, nil) }
    let deviation = (pairingVariance[i * after + j] / spread).squareRoot()
    let reach = Distribution.normalQuantile(0.975) * deviation
    return (
      estimate,
      NullSummary(
        mean: 0, standardDeviation: deviation, lower: -reach, upper: reach,
        method: "random pairing within minibatches, exact mean and deviation, normal quantiles")
    )
  }
}

/// The Gram matrix of centred rows with a zero diagonal, and its sums by blocks of rows that lie side by
/// side.
private struct BlockedGram {
  let gram: Matrix
  let counts: [Int]

  /// Σ over the columns of a block, for each row and block.
  let sums: Matrix
  var count: Int { gram.rows }

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
