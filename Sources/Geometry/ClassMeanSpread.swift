import LinearAlgebra

/// How much sampling moves the class means M (rows μ_c − μ_G) of a set, as a direction u = M/‖M‖.
///
/// With S the covariance of u, tr S² is what a squared distance from u varies by beyond its slope: half of
/// what leaving out blocks gives when the distance is itself no more than sampling, Var ‖e‖² =
/// 4 μᵀSμ + 2 tr S² for normal e with mean μ, where blocks left out give 4 μᵀSμ + 4 tr S² in the mean.
struct ClassMeanSpread {
  /// tr S², without bias: from the squared inner products of the influences of different groups.
  let squaredTrace: Double

  /// From rows with labels, which stand for `total` examples.
  ///
  /// The influence of an example h of class c on u is (n/n_c) (e_c − 1/C) ⊗ (h − μ_c)/‖M‖, less its part
  /// along u; inner products of these follow from those of the rows.
  ///
  /// - Complexity: O(m² d) for m rows.
  init?(rows: Matrix, labels: [Int], groups: SampledGroups, total: Int) {
    var sums = ClassSums(width: rows.columns)
    sums.add(rows, labels: labels)
    let present = sums.sums.keys.sorted()
    let (m, parts) = (rows.rows, groups.sizes.count)
    guard present.count > 1, parts > 1 else { return nil }
    let places = Dictionary(uniqueKeysWithValues: present.enumerated().map { ($1, $0) })
    let means = Matrix(present.map { sums.mean(of: $0) })
    let relative = means.centered
    let length = relative.frobeniusNorm
    guard length > 0 else { return nil }
    let classes = labels.map { places[$0] ?? 0 }
    let weights = labels.map { Double(m) / Double(max(1, sums.counts[$0] ?? 1)) / length }
    let centred = (rows - means.selectingRows(classes)).scalingRows(by: weights)
    // Along u: (e_c − 1/C) ⊗ z against M/‖M‖, whose rows add up to zero.
    let along = centred.rowInnerProducts((1 / length) * relative.selectingRows(classes))
    let products = centred.timesTransposed(centred)
    let share = 1 / Double(present.count)
    var folded = Matrix(rows: parts, columns: parts)
    for row in 0..<m {
      for other in 0..<m {
        let part = (classes[row] == classes[other] ? 1 : 0) - share
        folded[groups.places[row], groups.places[other]] +=
          part * products[row, other] - along[row] * along[other]
      }
    }
    var sum = 0.0
    for row in 0..<parts {
      for other in 0..<parts where other != row { sum += folded[row, other] * folded[row, other] }
    }
    let n = Double(max(1, total))
    squaredTrace = sum / (Double(m) * Double(m) * n * n) * Double(parts) / Double(parts - 1)
  }
}
