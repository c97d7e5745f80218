/// The assignment of rows to columns with the largest sum, each row and column taken at most once
/// (the Hungarian method with potentials; Kuhn 1955, Munkres 1957).
///
/// Values are at least 0; pairs of value 0 are left out. Of several such assignments it is always
/// the same one.
///
/// - Precondition: all rows are equally long, and no value is NaN.
/// - Complexity: O(s² l), s and l being the smaller and the larger of the numbers of rows and columns.
package func bestAssignment(_ values: [[Double]]) -> [(row: Int, column: Int)] {
  let (rows, columns) = (values.count, values.first?.count ?? 0)
  precondition(
    values.allSatisfy { $0.count == columns && $0.allSatisfy { $0 >= 0 } },
    "\(rows) rows that are not of \(columns) values of at least 0")
  // Rows and columns without any value would only make ties.
  let (full, others) = (
    values.indices.filter { values[$0].contains { $0 > 0 } },
    (0..<columns).filter { column in values.contains { $0[column] > 0 } }
  )
  guard !full.isEmpty else { return [] }
  guard full.count == rows, others.count == columns else {
    return bestAssignment(full.map { row in others.map { values[row][$0] } })
      .map { (full[$0.row], others[$0.column]) }
  }
  let isTurned = rows > columns
  let (small, large) = (min(rows, columns), max(rows, columns))
  func cost(_ i: Int, _ j: Int) -> Double { isTurned ? -values[j][i] : -values[i][j] }
  // Both are counted from 1; column 0 stands for the row that looks for a place.
  var (rowPotential, columnPotential) = (
    [Double](repeating: 0, count: small + 1), [Double](repeating: 0, count: large + 1)
  )
  var taken = [Int](repeating: 0, count: large + 1)
  var previous = [Int](repeating: 0, count: large + 1)
  for row in 1...small {
    taken[0] = row
    var column = 0
    var least = [Double](repeating: .infinity, count: large + 1)
    var isUsed = [Bool](repeating: false, count: large + 1)
    repeat {
      isUsed[column] = true
      let i = taken[column]
      var (step, next) = (Double.infinity, 0)
      for j in 1...large where !isUsed[j] {
        let reduced = cost(i - 1, j - 1) - rowPotential[i] - columnPotential[j]
        if reduced < least[j] { (least[j], previous[j]) = (reduced, column) }
        if least[j] < step { (step, next) = (least[j], j) }
      }
      for j in 0...large {
        if isUsed[j] {
          rowPotential[taken[j]] += step
          columnPotential[j] -= step
        } else {
          least[j] -= step
        }
      }
      column = next
    } while taken[column] != 0
    while column != 0 {
      taken[column] = taken[previous[column]]
      column = previous[column]
    }
  }
  var pairs: [(row: Int, column: Int)] = []
  for j in 1...large where taken[j] != 0 {
    let pair = isTurned ? (row: j - 1, column: taken[j] - 1) : (row: taken[j] - 1, column: j - 1)
    if values[pair.row][pair.column] > 0 { pairs.append(pair) }
  }
  return pairs.sorted { $0.row < $1.row }
}
