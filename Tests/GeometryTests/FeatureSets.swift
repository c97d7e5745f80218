import Foundation
import Geometry
import LinearAlgebra
import Randomness
import TestSupport

/// Feature sets given by closed forms; Fixtures/make_fixtures.py has the same.
enum FeatureSets {
  /// 16×4: (1+j) sin(1 + 0.7i + 1.3j + 0.1ij) + 0.25j.
  static var x: Matrix {
    matrix(4) { i, j in (1 + j) * sin(1 + 0.7 * i + 1.3 * j + 0.1 * i * j) + 0.25 * j }
  }

  /// X + 0.3 cos(0.5 + 0.9 i (j+1) / 4) + 0.05.
  static var y: Matrix {
    x + matrix(4) { i, j in 0.3 * cos(0.5 + 0.9 * i * (j + 1) / 4) + 0.05 }
  }

  /// 16×3: cos(0.3 + 1.1i + 0.8j) + 0.2 sin(0.05 i²) + 0.2 X[:, :3].
  static var z: Matrix {
    let waves = matrix(3) { i, j in cos(0.3 + 1.1 * i + 0.8 * j) + 0.2 * sin(0.05 * i * i) }
    return waves + 0.2 * x[columns: 0..<3]
  }

  private static func matrix(_ columns: Int, _ entry: (Double, Double) -> Double) -> Matrix {
    var result = Matrix(rows: 16, columns: columns)
    for i in 0..<16 {
      for j in 0..<columns { result[i, j] = entry(Double(i), Double(j)) }
    }
    return result
  }

  /// Related random sets: features with a mean and unequal spreads, and what fine-tuning might make
  /// of them.
  static func randomPair(seed: UInt64, rows: Int = 60, columns: Int = 7) -> (Matrix, Matrix) {
    var generator = SeededGenerator(seed: seed, "feature pair")
    let scales = Matrix.diagonal((0..<columns).map { 3 / Double(1 + $0) })
    let mean = (0..<columns).map { -0.5 * Double($0) }
    let x = (Matrix.normal(rows: rows, columns: columns, using: &generator) * scales)
      .subtractingFromRows(mean)
    let change = 0.4 * Matrix.normal(rows: rows, columns: columns, using: &generator)
    let mixing = 0.2 * Matrix.normal(rows: columns, columns: columns, using: &generator)
    return (x, x + change + x * mixing)
  }
}

/// The moments of two sets of rows.
func moments(
  _ x: Matrix, _ y: Matrix, beforeShift: [Double]? = nil, afterShift: [Double]? = nil
) throws -> JointMoments {
  var result = JointMoments(
    beforeWidth: x.columns, afterWidth: y.columns, beforeShift: beforeShift,
    afterShift: afterShift)
  try result.add(before: x, after: y)
  return result
}

/// The entries as Float32, row by row.
func singles(_ matrix: Matrix) -> [Float] { matrix.values.map { Float($0) } }

/// The largest difference between entries; infinite when the counts differ.
func difference(_ a: [Double], _ b: [Double]) -> Double {
  guard a.count == b.count else { return .infinity }
  return zip(a, b).map { abs($0 - $1) }.max() ?? 0
}

/// How far a measured value is from a number; infinite when it is undefined.
func distance(_ measured: Measured, _ expected: Double) -> Double {
  measured.number.map { abs($0 - expected) } ?? .infinity
}

/// How far two measured values are apart; infinite when one is undefined.
func distance(_ a: Measured, _ b: Measured) -> Double {
  b.number.map { distance(a, $0) } ?? .infinity
}

/// Results of NumPy and SciPy, from Fixtures/make_fixtures.py.
struct Reference {
  private let entries: [String: Any]

  init() throws {
    let data = try Data(contentsOf: URL(filePath: fixture("geometry.json")))
    entries = try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
  }

  private init(_ entries: [String: Any]) { self.entries = entries }

  subscript(_ name: String) -> Reference { Reference(entries[name] as? [String: Any] ?? [:]) }
  func number(_ name: String) -> Double { entries[name] as? Double ?? .nan }
  func numbers(_ name: String) -> [Double] { entries[name] as? [Double] ?? [] }
  func rows(_ name: String) -> [[Double]] { entries[name] as? [[Double]] ?? [] }
}
