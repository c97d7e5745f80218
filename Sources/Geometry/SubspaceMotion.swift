/// How far sampling turns leading directions, by leaving out blocks.
struct SubspaceMotion {
  /// The largest motion for which intervals of angles held what they should in simulations.
  static let largest = 0.1

  private var squares = 0.0
  private var count = 0
  private var isKnown = true

  /// Adds the sine by which directions turned without a block of `count` examples.
  mutating func add(_ sine: Double?, count: Int) {
    guard count > 0 else { return }
    guard let sine else {
      isKnown = false
      return
    }
    squares += sine * sine
    self.count += 1
  }

  /// The jackknife's standard error of the directions: the sine of their largest angle.
  var standardError: Double? {
    guard isKnown, count > 1 else { return nil }
    return (squares * Double(count - 1) / Double(count)).squareRoot()
  }

  /// Why the angles have no interval: sampling alone turns the directions too far.
  ///
  /// The gap between the eigenvalues at the cut is then no larger than their error, and the angles
  /// neither normal nor centred on what they estimate.
  var reasonAgainst: String? {
    guard let standardError else { return "the directions change with every block left out" }
    guard standardError > Self.largest else { return nil }
    let shown = Double(Int((100 * min(1, standardError)).rounded())) / 100
    return "sampling turns the directions by a sine of \(shown), more than \(Self.largest)"
  }
}
