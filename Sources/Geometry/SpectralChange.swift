public import LinearAlgebra
import Randomness

/// How the singular values and directions of a matrix changed, each number with what it would be
/// if nothing were going on.
///
/// The matrix is a kernel with a row for each input and a column for each output; a is it before, b
/// after, Δ = b − a. Left singular vectors are directions among inputs, right ones among outputs.
///
/// Two nulls, each from ``draws`` random draws:
/// - *permuted*: the entries of Δ in random places, so of the same norm and the same sizes. What the
///   singular values of Δ are held against: those of a change without structure.
/// - *rotated*: Q Δ R with uniformly random orthogonal Q and R, so with the same singular values in
///   random directions. What the singular values of b, principal angles and intruders are held
///   against: those of a change whose directions have nothing to do with a.
///
/// Where the smaller side exceeds ``Options/completeLimit`` only the ``directionCount`` leading
/// singular values and vectors are found, by a block Krylov method with ``residual``; what needs all
/// of them is undefined, and the nulls are those that have a formula or are cheap.
public struct SpectralChange: Sendable {
  /// How much is computed.
  public struct Options: Equatable, Sendable {
    /// How many leading directions are compared.
    public var top: Int
    /// The largest smaller side of a matrix that is decomposed whole.
    public var completeLimit: Int
    /// How many draws make a null; `nil` for 20, or fewer, but at least 3, where the matrix is large
    /// (4·10⁹ / (m n min(m, n))).
    public var draws: Int?

    /// Ten directions, whole decompositions up to 4096.
    public init(top: Int = 10, completeLimit: Int = 4096, draws: Int? = nil) {
      self.top = top
      self.completeLimit = completeLimit
      self.draws = draws
    }
  }

  /// What a number is under a null: quantiles of the draws, interpolated between them.
  public struct Null: Equatable, Sendable {
    /// The 0.025 quantile.
    public var lower: Double
    /// The median.
    public var median: Double
    /// The 0.975 quantile.
    public var upper: Double
  }

  /// A cosine below which a direction counts as new.
  ///
  /// Shuttleworth et al., "LoRA vs full fine-tuning: an illusion of equivalence" (2024).
  public static let intruderCosine = 0.5

  /// The extents of the matrix.
  public let rows: Int
  /// The extents of the matrix.
  public let columns: Int
  /// The singular values before, largest first: all, or the leading ones.
  public internal(set) var before: [Double] = []
  /// The singular values after.
  public internal(set) var after: [Double] = []
  /// The singular values of Δ.
  public internal(set) var change: [Double] = []
  /// The Frobenius norms before, after, and of Δ.
  public internal(set) var norms = (before: 0.0, after: 0.0, change: 0.0)
  /// Under the rotated null, for each singular value after; empty where not computed.
  public internal(set) var afterNull: [Null] = []
  /// Under the permuted null, for each singular value of Δ; empty where not computed. Where only
  /// leading values are found, for the largest alone: ‖Δ‖ (√m + √n) / √(m n), the limit for large
  /// matrices of independent entries (Bai and Yin 1993).
  public internal(set) var changeNull: [Null] = []
  /// The effective rank of Δ under the permuted null.
  public internal(set) var effectiveRankNull: Null?
  /// The stable rank of Δ under the permuted null.
  public internal(set) var stableRankNull: Null?
  /// How many leading directions are compared.
  public let directionCount: Int
  /// How many draws made the nulls; 0 without nulls.
  public internal(set) var draws = 0
  /// The leading directions among inputs.
  public internal(set) var inputs = Side()
  /// The leading directions among outputs.
  public internal(set) var outputs = Side()
  /// Whether all singular values were found.
  public let isComplete: Bool
  /// The largest residual of the leading values, relative to σ₁; 0 when all were found.
  public internal(set) var residual = 0.0

  /// The leading directions before and after, on one side of the kernel.
  public struct Side: Sendable {
    /// The principal angles between the spans of the leading directions before and after, in
    /// radians, largest first.
    public internal(set) var angles: [Double] = []
    /// Under the rotated null, for each angle; of random subspaces where only leading directions
    /// were found.
    public internal(set) var anglesNull: [Null] = []
    /// The mean cos² of the principal angles.
    public internal(set) var overlap = 0.0
    /// The mean cos² under the same null.
    public internal(set) var overlapNull: Null?
    /// The mean cos² that random subspaces have on average: k/d.
    public internal(set) var randomOverlap = 0.0
    /// For each leading direction after, the largest |cos| with any direction before; empty where
    /// only leading directions were found.
    public internal(set) var cosines: [Double] = []
    /// The same for the rotated null.
    public internal(set) var cosinesNull: [Null] = []
    /// Under the rotated null, how many are intruders.
    public internal(set) var intrudersNull: Null?

    /// How many leading directions after are new, with a |cos| below
    /// ``SpectralChange/intruderCosine`` to every direction before; `nil` where these are not known.
    public var intruders: Int? {
      cosines.isEmpty ? nil : cosines.count { $0 < SpectralChange.intruderCosine }
    }
  }

  /// Compares matrices of one shape; `nil` when they are empty.
  ///
  /// - Parameter name: What draws are named after: the same name, matrices and options give the same
  ///   nulls.
  /// - Precondition: both have the same shape.
  /// - Throws: `GeometryError`, for values that are not finite or a matrix beyond LAPACK's sizes.
  public init?(
    from a: Matrix, to b: Matrix, name: String, options: Options = Options()
  ) throws(GeometryError) {
    precondition(
      a.rows == b.rows && a.columns == b.columns,
      "\(a.rows)×\(a.columns) and \(b.rows)×\(b.columns)")
    let rank = min(a.rows, a.columns)
    guard rank > 0 else { return nil }
    (rows, columns) = (a.rows, a.columns)
    directionCount = min(options.top, rank)
    isComplete = rank <= options.completeLimit
    var generator = SeededGenerator(seed: 0, "spectrum of \(name)")
    let delta = b - a
    norms = (a.frobeniusNorm, b.frobeniusNorm, delta.frobeniusNorm)
    if isComplete {
      try compareAll(a, b, delta, options, &generator)
    } else {
      try compareLeading(a, b, delta, &generator)
    }
  }

  /// The effective rank before.
  public var effectiveRankBefore: Measured { effectiveRank(before) }
  /// The effective rank after.
  public var effectiveRankAfter: Measured { effectiveRank(after) }
  /// The effective rank of Δ.
  public var effectiveRankOfChange: Measured { effectiveRank(change) }
  /// The stable rank before.
  public var stableRankBefore: Measured { stableRank(before, norms.before) }
  /// The stable rank after.
  public var stableRankAfter: Measured { stableRank(after, norms.after) }
  /// The stable rank of Δ.
  public var stableRankOfChange: Measured { stableRank(change, norms.change) }

  private func effectiveRank(_ values: [Double]) -> Measured {
    guard let first = values.first, first > 0 else { return .undefined("all values are zero") }
    guard isComplete else {
      return .undefined("only the \(values.count) largest singular values were computed")
    }
    return Spectrum.effectiveRank(values)
  }

  private func stableRank(_ values: [Double], _ norm: Double) -> Measured {
    guard let first = values.first, first > 0 else { return .undefined("all values are zero") }
    return Measured(norm / first * (norm / first))
  }
}

extension SpectralChange.Null {
  /// The quantiles of `draws`.
  ///
  /// - Precondition: there is at least one.
  init(of draws: [Double]) {
    precondition(!draws.isEmpty, "quantiles of no draws")
    let sorted = draws.sorted()
    func quantile(_ share: Double) -> Double {
      let place = share * Double(sorted.count - 1)
      let low = Int(place)
      let high = min(low + 1, sorted.count - 1)
      return sorted[low] + (place - Double(low)) * (sorted[high] - sorted[low])
    }
    self.init(lower: quantile(0.025), median: quantile(0.5), upper: quantile(0.975))
  }

  /// The quantiles of each place in lists of the same length.
  static func each(_ draws: [[Double]]) -> [SpectralChange.Null] {
    guard let first = draws.first else { return [] }
    return first.indices.map { place in SpectralChange.Null(of: draws.map { $0[place] }) }
  }
}
