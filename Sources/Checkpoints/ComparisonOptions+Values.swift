import Files

extension ComparisonOptions {
  /// Aligns `a` and `b`; where names and order leave open which layers belong together, their values
  /// decide.
  ///
  /// Two things leave it open. A file that records no order: layers under other names are then told
  /// apart by their values (``LayerAlignment/joinByValues(_:)``). And kernels left over: names that
  /// count layers of a class go on to the next layer when one is inserted, so `dense_1` is then
  /// another layer. All kernels of the role and shape of one that is left over are then compared, and
  /// if the pairing with the most likeness, in order where there is one, beats that by names by
  /// ``clearly``, its layers are paired, and the rest is aligned around them.
  ///
  /// No value is read where all names agree.
  ///
  /// - Throws: `FileError` when values cannot be read.
  func alignment(
    _ a: [Checkpoint.Parameter], _ b: [Checkpoint.Parameter], reading before: Checkpoint,
    _ after: Checkpoint
  ) throws(FileError) -> ParameterAlignment {
    let isOrdered = before.orderIsRecorded && after.orderIsRecorded
    let sample = { (isFirst: Bool, place: Int, count: Int) throws(FileError) -> [Double] in
      isFirst
        ? try before.sample(a[place], count: count) : try after.sample(b[place], count: count)
    }
    func aligned(
      _ known: [(before: Int, after: Int)]
    ) throws(FileError) -> ParameterAlignment {
      try ParameterAlignment(
        a, b, renames: renames, strippedPrefix: strippedPrefix, isOrdered: isOrdered, known: known,
        sample: sample)
    }
    let byNames = try aligned([])
    let left = byNames.onlyBefore.map { a[$0] } + byNames.onlyAfter.map { b[$0] }
    var found: [(before: Int, after: Int)] = []
    var seen: Set<KernelKind> = []
    for parameter in left {
      guard let kind = KernelKind(parameter), seen.insert(kind).inserted else { continue }
      let (rows, columns) = (
        a.indices.filter { KernelKind(a[$0]) == kind },
        b.indices.filter { KernelKind(b[$0]) == kind }
      )
      guard rows.count * columns.count > 1, rows.count <= (1 << 16) / max(1, columns.count)
      else { continue }
      var (first, second): ([SampledValues], [SampledValues]) = ([], [])
      for row in rows {
        first.append(SampledValues(try sample(true, row, SampledValues.mostTaken)))
      }
      for column in columns {
        second.append(SampledValues(try sample(false, column, SampledValues.mostTaken)))
      }
      let likeness = first.map { one in second.map { one.likeness(to: $0) } }
      let best = isOrdered ? Self.bestInOrder(likeness) : bestAssignment(likeness)
      let (places, others) = (Self.numbers(rows), Self.numbers(columns))
      let named = byNames.pairs.reduce(0.0) { sum, pair in
        guard let row = places[pair.before], let column = others[pair.after] else { return sum }
        return sum + likeness[row][column]
      }
      let total = best.reduce(0.0) { $0 + likeness[$1.0][$1.1] }
      guard total > named + Self.clearly else { continue }
      found += best.map { (rows[$0.0], columns[$0.1]) }
    }
    return found.isEmpty ? byNames : try aligned(found)
  }

  /// By how much a sum of likenesses must be larger.
  private static let clearly = 0.5

  private static func numbers(_ places: [Int]) -> [Int: Int] {
    Dictionary(uniqueKeysWithValues: zip(places, places.indices))
  }

  /// The pairs of a matching that keeps both orders and has the largest sum.
  private static func bestInOrder(_ values: [[Double]]) -> [(row: Int, column: Int)] {
    let (n, m) = (values.count, values.first?.count ?? 0)
    var best = [[Double]](repeating: [Double](repeating: 0, count: m + 1), count: n + 1)
    for i in stride(from: n - 1, through: 0, by: -1) {
      for j in stride(from: m - 1, through: 0, by: -1) {
        best[i][j] = max(best[i + 1][j], best[i][j + 1])
        if values[i][j] > 0 { best[i][j] = max(best[i][j], values[i][j] + best[i + 1][j + 1]) }
      }
    }
    var (i, j) = (0, 0)
    var pairs: [(Int, Int)] = []
    while i < n, j < m {
      if values[i][j] > 0, best[i][j] == values[i][j] + best[i + 1][j + 1] {
        pairs.append((i, j))
        (i, j) = (i + 1, j + 1)
      } else if best[i][j] == best[i + 1][j] {
        i += 1
      } else {
        j += 1
      }
    }
    return pairs
  }
}

/// What kernels have in common that could be taken for each other.
private struct KernelKind: Hashable {
  var role: Role
  var shape: [Int]

  /// `nil` for what is no matrix, or has too few values to tell it from others.
  init?(_ parameter: Checkpoint.Parameter) {
    guard parameter.shape.count >= 2, parameter.count >= 16 else { return nil }
    role = parameter.role == .depthwiseKernel ? .kernel : parameter.role
    shape = parameter.shapeInputsFirst
  }
}
