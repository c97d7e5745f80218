#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// How the learning rate goes from the first step of a run to the last.
public enum Schedule: String, Codable, Sendable, CaseIterable {
  /// The same learning rate at every step.
  case constant

  /// Half a cosine from the full learning rate to zero, step by step:
  /// `rate · (1 + cos(π t / T)) / 2` at step t of T (Loshchilov and Hutter, "SGDR", 2017, eq. 5).
  case cosine

  /// The share of the learning rate at `step` (from 0) of `steps`.
  public func factor(at step: Int, of steps: Int) -> Double {
    switch self {
    case .constant: 1
    case .cosine: 0.5 * (1 + cos(.pi * Double(step) / Double(max(steps, 1))))
    }
  }
}
