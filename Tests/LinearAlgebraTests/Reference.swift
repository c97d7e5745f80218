import Foundation
import LinearAlgebra
import TestSupport

/// Results of NumPy and SciPy on ``wave(_:_:)`` matrices, from Fixtures/make_fixtures.py.
struct Reference {
  private let entries: [String: Any]

  init() throws {
    let data = try Data(contentsOf: URL(filePath: fixture("linear_algebra.json")))
    entries = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
  }

  func numbers(_ name: String) -> [Double] { entries[name] as? [Double] ?? [] }
  func number(_ name: String) -> Double { entries[name] as? Double ?? .nan }
}

/// Entries sin(1 + 0.7 i + 1.3 j + 0.1 i j).
func wave(_ rows: Int, _ columns: Int) -> Matrix {
  var result = Matrix(rows: rows, columns: columns)
  for i in 0..<rows {
    for j in 0..<columns {
      result[i, j] = sin(1 + 0.7 * Double(i) + 1.3 * Double(j) + 0.1 * Double(i * j))
    }
  }
  return result
}

/// The largest difference between entries; infinite when the counts differ.
func difference(_ a: [Double], _ b: [Double]) -> Double {
  guard a.count == b.count else { return .infinity }
  return zip(a, b).map { abs($0 - $1) }.max() ?? 0
}

/// The largest difference between entries of two matrices of one shape.
func difference(_ a: Matrix, _ b: Matrix) -> Double {
  a.rows == b.rows ? difference(a.values, b.values) : .infinity
}
