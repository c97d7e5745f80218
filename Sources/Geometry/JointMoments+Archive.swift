import LinearAlgebra

extension JointMoments {
  /// Puts the sums into an archive, under names that begin with `prefix`.
  func store(in archive: inout PairedFeaturesArchive, _ prefix: String) {
    let (p, q) = (beforeWidth, afterWidth)
    func put(_ name: String, _ shape: [Int], _ values: [Double]) {
      archive.numbers["\(prefix)/\(name)"] = (shape, values)
    }
    put("shift_before", [p], beforeShift ?? [Double](repeating: 0, count: p))
    put("shift_after", [q], afterShift ?? [Double](repeating: 0, count: q))
    for (name, vector) in [("x", sums.x), ("ax", sums.ax), ("bx", sums.bx)] {
      put("sum_\(name)", [p], vector)
    }
    for (name, vector) in [("y", sums.y), ("ay", sums.ay), ("by", sums.by)] {
      put("sum_\(name)", [q], vector)
    }
    put("sum_xx", [p, p], sums.xx.symmetricMatrix().values)
    put("sum_yy", [q, q], sums.yy.symmetricMatrix().values)
    put("sum_xy", [p, q], sums.crossMatrix().values)
    put("sum_scalars", [5], [sums.a, sums.b, sums.aa, sums.bb, sums.ab])
    if let change {
      put("change_sum", [p], change.sum)
      put("change_scalars", [10], change.scalars)
      put("sum_zz", [p, p], sums.change.symmetricMatrix().values)
    }
  }

  /// The sums of `count` examples from an archive.
  init(
    _ archive: PairedFeaturesArchive, _ prefix: String, count: Int, _ p: Int, _ q: Int
  ) throws(ArchiveError) {
    func take(_ name: String, _ shape: [Int]) throws(ArchiveError) -> [Double] {
      try archive.numbers("\(prefix)/\(name)", shape)
    }
    let shifts = (try take("shift_before", [p]), try take("shift_after", [q]))
    self.init(
      beforeWidth: p, afterWidth: q, beforeShift: shifts.0, afterShift: shifts.1)
    sums.x = try take("sum_x", [p])
    sums.ax = try take("sum_ax", [p])
    sums.bx = try take("sum_bx", [p])
    sums.y = try take("sum_y", [q])
    sums.ay = try take("sum_ay", [q])
    sums.by = try take("sum_by", [q])
    func square(_ name: String, _ size: Int) throws(ArchiveError) -> UpperTriangle {
      UpperTriangle(of: Matrix(rows: size, columns: size, values: try take(name, [size, size])))
    }
    sums.xx = try square("sum_xx", p)
    sums.yy = try square("sum_yy", q)
    if p == q { sums.change = try square("sum_zz", p) }
    sums.cross = .whole(Matrix(rows: p, columns: q, values: try take("sum_xy", [p, q])))
    let scalars = try take("sum_scalars", [5])
    (sums.a, sums.b, sums.aa, sums.bb, sums.ab) = (
      scalars[0], scalars[1], scalars[2], scalars[3], scalars[4]
    )
    if p == q {
      change?.sum = try take("change_sum", [p])
      change?.scalars = try take("change_scalars", [10])
    }
    restore(count: count)
  }
}
