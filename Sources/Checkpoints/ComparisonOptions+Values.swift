import Files

extension ComparisonOptions {
  /// Aligns `a` and `b`, and where layers were inserted or removed among others of the same shapes,
  /// lets values decide instead of names.
  ///
  /// Names that count layers of a class go on to the next layer when one is inserted: `dense_1` is
  /// then another layer, and only its values show that. So where a kernel is left over that has the
  /// shape and role of others, the cosines of all of them are taken, and if the pairing in order
  /// with the largest sum beats that by names by ``clearly``, its layers are paired, and the rest is
  /// aligned around them. Kernels whose cosine is below ``likely`` are not paired so.
  ///
  /// - Throws: `FileError` when values cannot be read.
  func alignment(
    _ a: [Checkpoint.Parameter], _ b: [Checkpoint.Parameter], reading before: Checkpoint,
    _ after: Checkpoint
  ) throws(FileError) -> ParameterAlignment {
    let byNames = alignment(a, b, of: before, after)
    guard before.orderIsRecorded, after.orderIsRecorded,
      byNames.onlyBefore.isEmpty != byNames.onlyAfter.isEmpty
    else { return byNames }
    let left = byNames.onlyBefore.map { a[$0] } + byNames.onlyAfter.map { b[$0] }
    var found: [Rename] = []
    var seen: Set<KernelKind> = []
    for parameter in left {
      guard let kind = KernelKind(parameter), seen.insert(kind).inserted else { continue }
      let (rows, columns) = (
        a.indices.filter { KernelKind(a[$0]) == kind },
        b.indices.filter { KernelKind(b[$0]) == kind }
      )
      guard rows.count * columns.count > 1,
        rows.count * columns.count <= 1024,
        (rows.count + columns.count) * parameter.count <= 1 << 26
      else { continue }
      let cosines = try Self.cosines(
        rows.map { a[$0] }, of: before, columns.map { b[$0] }, of: after)
      let best = Self.bestInOrder(cosines)
      let named = byNames.pairs.reduce(0.0) { sum, pair in
        guard let row = rows.firstIndex(of: pair.before),
          let column = columns.firstIndex(of: pair.after)
        else { return sum }
        return sum + cosines[row][column]
      }
      let total = best.reduce(0.0) { $0 + cosines[$1.0][$1.1] }
      guard total > named + Self.clearly else { continue }
      for (row, column) in best {
        let (from, to) = (a[rows[row]].innermostLayer, b[columns[column]].innermostLayer)
        if !found.contains(where: { $0.from == from }) { found.append(Rename(from: from, to: to)) }
      }
    }
    guard !found.isEmpty else { return byNames }
    var options = self
    options.renames += found
    var alignment = options.alignment(a, b, of: before, after)
    // What the caller did not say was found by values.
    alignment.takeAsFoundByValues { place in !renames.contains { $0.concerns(a[place]) } }
    return alignment
  }

  /// By how much a sum of cosines must be larger.
  private static let clearly = 0.5
  /// The least cosine of kernels that are taken for one before and after.
  private static let likely = 0.5

  private static func cosines(
    _ a: [Checkpoint.Parameter], of before: Checkpoint, _ b: [Checkpoint.Parameter],
    of after: Checkpoint
  ) throws(FileError) -> [[Double]] {
    var second: [[Double]] = []
    for parameter in b {
      guard let first = a.first, let turned = Transposition(of: parameter, to: first) else {
        return a.map { _ in b.map { _ in 0 } }
      }
      second.append(turned.applied(to: try after.values(parameter)))
    }
    var cosines: [[Double]] = []
    for parameter in a {
      let values = try before.values(parameter)
      cosines.append(
        second.map { other in
          ParameterChange(from: values, to: other, shape: parameter.shape).cosine ?? 0
        })
    }
    return cosines
  }

  /// The pairs of a matching that keeps both orders and has the largest sum, of cosines above
  /// ``likely``.
  private static func bestInOrder(_ cosines: [[Double]]) -> [(Int, Int)] {
    let (n, m) = (cosines.count, cosines.first?.count ?? 0)
    var best = [[Double]](repeating: [Double](repeating: 0, count: m + 1), count: n + 1)
    for i in stride(from: n - 1, through: 0, by: -1) {
      for j in stride(from: m - 1, through: 0, by: -1) {
        best[i][j] = max(best[i + 1][j], best[i][j + 1])
        if cosines[i][j] > likely {
          best[i][j] = max(best[i][j], cosines[i][j] + best[i + 1][j + 1])
        }
      }
    }
    var (i, j) = (0, 0)
    var pairs: [(Int, Int)] = []
    while i < n, j < m {
      if cosines[i][j] > likely, best[i][j] == cosines[i][j] + best[i + 1][j + 1] {
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

  /// `nil` for what is no matrix, or has too few values for a cosine to tell.
  init?(_ parameter: Checkpoint.Parameter) {
    guard parameter.shape.count >= 2, parameter.count >= 16 else { return nil }
    role = parameter.role == .depthwiseKernel ? .kernel : parameter.role
    shape = parameter.shapeInputsFirst
  }
}
