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
/// Intervals come from the spread of minibatches, which are independent samples, when there are ten or
/// more and examples have no groups. Otherwise blocks of examples, groups never split, are left out of
/// every minibatch; each left-out sum follows from partial sums, without another pass. For p and q layers: O((p + q) m² d) per
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

  /// How large the numbers were whose differences the inner products of layers with themselves are.
  private var sizesBefore, sizesAfter: [Double]

  /// Sums over minibatches of products of inner products: of a layer's own with itself; of a pair's with
  /// itself, with the own before and after, and of these two.
  private var spreadBefore, spreadAfter: [Double]
  private var spread: [SIMD4<Double>]

  /// Whether an example has a group of more than itself.
  private var isGrouped = false

  /// The fewest minibatches whose spread gives intervals.
  private static let fewestSpread = 10

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
    (sizesBefore, sizesAfter) = (
      [Double](repeating: 0, count: before), [Double](repeating: 0, count: after)
    )
    (spreadBefore, spreadAfter) = (sizesBefore, sizesAfter)
    spread = [SIMD4<Double>](repeating: .zero, count: before * after)
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
    if keys.contains(where: { $0.group != $0.example }) { isGrouped = true }
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
    let m = Double(keys.count)
    var own: [Double] = []
    for (layer, gram) in grams.enumerated() {
      let product = gram.product(gram)
      let (part, size) = (weight * product[0], weight * gram.size)
      own.append(product[0])
      if layer < before {
        add(product, gram, to: &ownBefore[layer])
        sizesBefore[layer] += size
        spreadBefore[layer] += part * part
      } else {
        add(product, gram, to: &ownAfter[layer - before])
        sizesAfter[layer - before] += size
        spreadAfter[layer - before] += part * part
      }
    }
    for i in 0..<before {
      for j in 0..<after {
        let product = grams[i].product(grams[before + j])
        add(product, grams[i], to: &cross[i * after + j])
        let (xy, xx, yy) = (product[0], own[i], own[before + j])
        spread[i * after + j] +=
          weight * weight * SIMD4(xy * xy, xy * xx, xy * yy, xx * yy)
        pairingVariance[i * after + j] +=
          weight * weight * 2 * own[i] * own[before + j] / (m * (m - 3))
      }
    }
    count += keys.count
    minibatches += 1
    for (place, number) in counts.enumerated() { blockCounts[place] += number }
  }

  private func add(_ product: [Double], _ gram: BlockedGram, to sums: inout [Double]) {
    for place in 0...blocks {
      let m = place == 0 ? gram.count : gram.count - gram.counts[place - 1]
      if m > 3 { sums[place] += product[place] / Double(m - 3) }
    }
  }

  /// Whether intervals come from the spread of minibatches.
  public var hasSpread: Bool { minibatches >= Self.fewestSpread && !isGrouped }

  /// How intervals are found.
  public var intervalMethod: String {
    hasSpread
      ? "spread of \(minibatches) minibatches"
      : "delete-block jackknife, \(blockCounts.count { $0 > 0 }) blocks"
        + (isGrouped ? ", groups unsplit" : "")
  }

  /// The interval of a ratio of sums over independent minibatches, linearised.
  private func estimate(_ value: Double, _ i: Int, _ j: Int, level: Double) -> Estimate {
    let (xx, yy) = (ownBefore[i][0], ownAfter[j][0])
    let sums = spread[i * after + j]
    // Σ (hxy/√(xx yy) − value (hxx/xx + hyy/yy)/2)² over minibatches.
    var squares =
      sums[0] / (xx * yy) - value * (sums[1] / xx + sums[2] / yy) / (xx * yy).squareRoot()
    squares +=
      value * value / 4
      * (spreadBefore[i] / (xx * xx) + spreadAfter[j] / (yy * yy) + 2 * sums[3] / (xx * yy))
    let parts = Double(minibatches)
    let error = (max(0, squares) * parts / (parts - 1)).squareRoot()
    let slope = (1 - value) * (1 + value)
    return Estimate(
      value: value, standardError: slope > 0 ? error / slope : error,
      degreesOfFreedom: parts - 1, scale: slope > 0 ? .fisherZ : .identity, level: level)
  }

  /// Debiased CKA of layer i before and layer j after, with its interval and its null.
  ///
  /// Undefined where a layer is constant, or its debiased self-similarity is not positive. The null is
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
    for (side, size) in [("before", sizesBefore[i]), ("after", sizesAfter[j])] where size == 0 {
      return (
        Estimate(
          value: .undefined("the features \(side) are constant"), note: "the value is undefined"),
        nil
      )
    }
    func value(_ place: Int) -> Measured {
      LinearCKA.ratio(
        (cross[i * after + j][place], ownBefore[i][place], ownAfter[j][place]),
        sizes: (sizesBefore[i], sizesAfter[j]))
    }
    var estimate: Estimate
    if hasSpread, let number = value(0).number {
      estimate = self.estimate(number, i, j, level: level)
    } else {
      estimate = Jackknife.estimate(
        full: value(0), leftOut: isTooSmall ? [] : (1...blocks).map(value),
        counts: isTooSmall ? [] : blockCounts, scale: .fisherZ, level: level)
    }
    estimate.restrict(to: -1...1)
    let product = ownBefore[i][0] * ownAfter[j][0]
    guard estimate.value.number != nil, product > 0 else { return (estimate, nil) }
    let deviation = (pairingVariance[i * after + j] / product).squareRoot()
    let reach = Distribution.normalQuantile(0.975) * deviation
    return (
      estimate,
      NullSummary(
        mean: 0, standardDeviation: deviation, lower: -reach, upper: reach,
        method: "random pairing within minibatches, exact mean and deviation, normal quantiles")
    )
  }
}
