/// What a random ``LinearProblem`` is like.
public struct LinearProblemSettings: Equatable, Sendable {
  /// The number of input coordinates, d.
  public var dimension = 20

  /// The number of features, k.
  public var rank = 5

  /// The dimension m of the span S of the in-distribution inputs.
  public var spanDimension = 8

  /// The number of training examples, n.
  public var exampleCount = 40

  /// The distance ε = ‖B₀ − B*‖₂ of the pretrained features from the true ones, 0 ≤ ε ≤ √2.
  public var distance = 0.1

  /// The length of what is to be learned, ‖w*‖.
  public var signalNorm = 1.0

  /// The standard deviation of the random head's weights; `nil` means 1/√k, of expected length 1.
  public var headScale: Double?

  /// The defaults: d = 20, k = 5, m = 8, n = 40, ε = 0.1, ‖w*‖ = 1, a head of length about 1.
  public init() {}

  /// The standard deviation of the random head's weights.
  public var resolvedHeadScale: Double { headScale ?? 1 / Double(rank).squareRoot() }

  /// The most entries that a problem's largest matrix may have.
  private static let largestMatrix = 20_000_000

  /// Checks that a problem like this exists and that the theory is about it: 1 ≤ k < m < d − k,
  /// n ≥ m, 0 ≤ ε ≤ √2, 0.001 ≤ ‖w*‖ ≤ 1000, 0 ≤ head scale ≤ 1000.
  ///
  /// - Throws: ``LinearProblemError``.
  public func validate() throws(LinearProblemError) {
    guard rank >= 1 else {
      throw LinearProblemError("the rank is \(rank); there must be at least 1 feature")
    }
    guard spanDimension > rank else {
      throw LinearProblemError(
        "the ID span has dimension \(spanDimension), not more than the rank \(rank); the theory "
          + "needs rank < ID dimension")
    }
    guard dimension > rank, dimension - rank > spanDimension else {
      throw LinearProblemError(
        "dimension \(dimension) leaves too little outside the ID span; the theory needs "
          + "ID dimension + rank < dimension, here \(spanDimension) + \(rank) < \(dimension)")
    }
    guard exampleCount >= spanDimension else {
      throw LinearProblemError(
        "\(exampleCount) examples cannot span \(spanDimension) dimensions; give at least as many "
          + "examples as the ID span has dimensions")
    }
    let (entries, overflow) = max(exampleCount, dimension).multipliedReportingOverflow(
      by: dimension)
    guard !overflow, entries <= Self.largestMatrix else {
      throw LinearProblemError(
        "\(exampleCount) examples of dimension \(dimension) are more than this simulation holds; "
          + "stay below \(Self.largestMatrix) numbers")
    }
    guard distance >= 0, distance <= 2.0.squareRoot() else {
      throw LinearProblemError(
        "the distance is \(distance); two feature maps are between 0 and 1.414 apart")
    }
    guard (0.001...1000).contains(signalNorm) else {
      throw LinearProblemError(
        "the length of the signal is \(signalNorm); stay between 0.001 and 1000, beyond which "
          + "rounding hides what the theory is about")
    }
    guard (0...1000).contains(resolvedHeadScale) else {
      throw LinearProblemError(
        "the head scale is \(resolvedHeadScale); stay between 0 and 1000, beyond which rounding "
          + "hides what the theory is about")
    }
  }
}

/// Why no problem of the linear theory fits the settings.
public struct LinearProblemError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is wrong, with the numbers, and what would be right.
  public let reason: String

  init(_ reason: String) {
    self.reason = reason
  }

  /// The reason.
  public var description: String { reason }
}
