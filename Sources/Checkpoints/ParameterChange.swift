public import HDF5

/// How one parameter changed, a before and b after, sums in Float64.
public struct ParameterChange: Equatable, Sendable {
  /// The number of values.
  public let count: Int
  /// How many values changed by more than the tolerance.
  ///
  /// A NaN that stays a NaN, and an infinity that stays the same, did not change; a value that
  /// becomes or stops being one did. 0 and −0 are equal.
  public private(set) var changedCount = 0
  /// How many values are NaN or infinite before; sums leave out whatever is so on either side.
  public private(set) var nonFiniteBefore = 0
  /// How many values are NaN or infinite after.
  public private(set) var nonFiniteAfter = 0
  /// ‖a‖.
  public private(set) var normBefore = 0.0
  /// ‖b‖.
  public private(set) var normAfter = 0.0
  /// ‖b − a‖, the Frobenius norm of the change.
  public private(set) var distance = 0.0
  /// The change b − a of greatest magnitude, with its sign; `nil` when nothing changed.
  public private(set) var largest: Double?
  /// Where the largest change is: an index for each axis; the first such place.
  public private(set) var largestIndex: [Int] = []
  /// ⟨a, b⟩ / (‖a‖ ‖b‖); `nil` when either is zero or a norm overflows.
  public private(set) var cosine: Double?
  /// The largest change in units in the last place: how many numbers of the element type lie from
  /// a value to its partner; `nil` for whole numbers, and when nothing finite was compared.
  public private(set) var largestUlps: UInt64?

  /// ‖b − a‖ / ‖a‖; `nil` when ‖a‖ is zero or a norm overflows.
  public var relativeNorm: Double? {
    guard normBefore > 0, normBefore.isFinite, distance.isFinite else { return nil }
    return distance / normBefore
  }

  /// The share of values that changed; 0 when there are none.
  public var changedShare: Double { count == 0 ? 0 : Double(changedCount) / Double(count) }

  /// Whether every value is what it was.
  public var isSame: Bool { changedCount == 0 }

  /// The change from `before` to `after`, both of `shape`.
  ///
  /// - Parameter elementType: The type of the values before, in which units in the last place are
  ///   counted; `nil` leaves them out.
  /// - Precondition: both have as many values as the shape says, and the tolerance is not negative.
  public init(
    from before: [Double], to after: [Double], shape: [Int], tolerance: Double = 0,
    elementType: ElementType? = nil
  ) {
    precondition(
      before.count == after.count && before.count == shape.reduce(1, *),
      "\(before.count) and \(after.count) values of shape \(shape)")
    precondition(tolerance >= 0, "a tolerance of \(tolerance)")
    self.init(
      ChangeSums(
        before, after, tolerance: tolerance, ordinals: elementType.flatMap(Ordinals.init)),
      shape: shape)
  }

  /// The change from `before` to `after`, both of `shape`, in single precision as files hold it;
  /// the number of threads makes no difference.
  ///
  /// - Precondition: both have as many values as the shape says, and the tolerance is not negative.
  package init(
    fromSingles before: [Float], to after: [Float], shape: [Int], tolerance: Double = 0,
    threads: Int
  ) {
    precondition(
      before.count == after.count && before.count == shape.reduce(1, *),
      "\(before.count) and \(after.count) values of shape \(shape)")
    precondition(tolerance >= 0, "a tolerance of \(tolerance)")
    self.init(
      ChangeSums(
        before, after, .float32, tolerance: tolerance, ordinals: .single, threads: threads),
      shape: shape)
  }

  /// The change that `sums` over all values of `shape` tell.
  init(_ sums: ChangeSums, shape: [Int]) {
    (count, changedCount) = (sums.count, sums.changedCount)
    (nonFiniteBefore, nonFiniteAfter) = (sums.nonFiniteBefore, sums.nonFiniteAfter)
    normBefore = sums.squaresBefore.squareRoot()
    normAfter = sums.squaresAfter.squareRoot()
    distance = sums.squaresOfChange.squareRoot()
    if sums.largestAt != nil { largest = sums.largest }
    largestUlps = sums.largestUlps
    let scale = normBefore * normAfter
    if scale > 0, scale.isFinite, sums.product.isFinite {
      // Equal arrays have a cosine of exactly 1; rounding must not say more than 1 of others.
      cosine = distance == 0 ? 1 : max(-1, min(1, sums.product / scale))
    }
    if var rest = sums.largestAt {
      for extent in shape.reversed() {
        largestIndex.insert(rest % extent, at: 0)
        rest /= extent
      }
    }
  }
}
