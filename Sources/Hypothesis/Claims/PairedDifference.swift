package import Geometry
import Reports

/// Differences between two methods on the same seeds, and the interval of their mean.
package struct PairedDifference {
  package let values: [Double]
  package let interval: Interval?

  package init(_ values: [Double]) {
    self.values = values
    interval = Repetitions.mean(of: values).interval
  }

  package var mean: Double { values.reduce(0, +) / Double(max(values.count, 1)) }

  /// The 95 % t-interval of the mean, or nothing with fewer than two differences.
  package var intervals: [(lower: Double, upper: Double)] {
    interval.map { [($0.lower, $0.upper)] } ?? []
  }

  /// The difference in percentage points, with its interval and in how many cases it is positive.
  package var points: String {
    guard !values.isEmpty else { return "not measured" }
    func point(_ value: Double) -> String {
      (value < 0 ? "−" : "+") + NumberText.fixed(abs(100 * value), decimals: 1)
    }
    let range = interval.map { " [\(point($0.lower)), \(point($0.upper))]" } ?? ""
    return "\(point(mean))\(range) points, positive in \(values.count { $0 > 0 })/\(values.count)"
  }

  /// The difference as a plain number, with its interval and in how many cases it is positive.
  package var text: String {
    guard !values.isEmpty else { return "not measured" }
    func number(_ value: Double) -> String { NumberText.significant(value, digits: 3) }
    let range = interval.map { " [\(number($0.lower)), \(number($0.upper))]" } ?? ""
    return "\(number(mean))\(range)"
  }
}
