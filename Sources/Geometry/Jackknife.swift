/// The delete-block jackknife.
///
/// Each block of examples is left out in turn; the spread of the results estimates the error.
/// Blocks may differ in size (Busing, Meijer and Van der Leeden, "Delete-m jackknife for unequal m",
/// Statistics and Computing 9, 1999); with B equal blocks it is the usual
/// SE² = (B−1)/B Σ (θ₍ᵦ₎ − mean)², with B − 1 degrees of freedom.
///
/// On Gaussian data and independent examples, 95 % intervals of debiased CKA with B = 20 held the
/// truth in 95 to 98 of 100 trials. Where examples come in groups (frames of a video, augmentations
/// of one image), a group must not be split between blocks.
public enum Jackknife {
  /// The estimate from the value of everything and the values with one block left out.
  ///
  /// There is no interval (and a note says why) with fewer than two blocks that hold examples, or
  /// when a value is undefined or outside the scale.
  ///
  /// - Parameters:
  ///   - full: the statistic of all examples.
  ///   - leftOut: the statistic without block b.
  ///   - counts: the number of examples in block b.
  /// - Precondition: as many counts as values left out.
  public static func estimate(
    full: Measured, leftOut: [Measured], counts: [Int], scale: EstimateScale = .identity,
    level: Double = 0.95
  ) -> Estimate {
    precondition(leftOut.count == counts.count, "\(leftOut.count) values, \(counts.count) counts")
    guard let whole = full.number else {
      return Estimate(value: full, note: "the value is undefined")
    }
    let total = Double(counts.reduce(0, +))
    let blocks = zip(leftOut, counts).filter { $0.1 > 0 }
    guard blocks.count > 1 else {
      return Estimate(value: full, note: "an interval needs at least two blocks of examples")
    }
    // A similarity of exactly 1 has no z; the raw scale serves it.
    let usable = blocks.allSatisfy { block in
      block.0.number.map { scale.transformed($0) != nil } ?? true
    }
    let scale = usable && scale.transformed(whole) != nil ? scale : .identity
    guard let centre = scale.transformed(whole) else {
      return Estimate(value: full, note: "the value lies outside the scale of the interval")
    }
    var parts: [(pseudovalue: Double, ratio: Double)] = []
    for (value, count) in blocks {
      guard let number = value.number, let part = scale.transformed(number) else {
        return Estimate(
          value: full, note: "undefined without one block: \(value.reason ?? "outside the scale")")
      }
      let ratio = total / Double(count)
      parts.append((ratio * centre - (ratio - 1) * part, ratio))
    }
    let mean = parts.reduce(0) { $0 + $1.pseudovalue / $1.ratio }
    let variance =
      parts.reduce(0) { sum, part in
        let deviation = part.pseudovalue - mean
        return sum + deviation * deviation / (part.ratio - 1)
      } / Double(parts.count)
    return Estimate(
      value: whole, standardError: variance.squareRoot(),
      degreesOfFreedom: Double(parts.count - 1), scale: scale, level: level)
  }
}

extension Estimate {
  /// The estimate by blocks left out whose variance is less by half of its excess over that of `first`, an
  /// error to first order.
  ///
  /// What leaving out blocks adds to first order is mostly of second order, and counted twice: the
  /// jackknife's variance is V₁ + 2 V₂ + … in the mean where that of the value is V₁ + V₂ + … (Efron and
  /// Stein, Annals of Statistics 9, 1981). `nil` where the two are not on one scale.
  func lessHalfOfExcess(over first: Estimate) -> Estimate? {
    guard let number = value.number, scale == first.scale, let own = standardError,
      let other = first.standardError, let freedom = degreesOfFreedom,
      let level = interval?.level
    else { return nil }
    return Estimate(
      value: number, standardError: ((own * own + other * other) / 2).squareRoot(),
      degreesOfFreedom: freedom, scale: scale, level: level)
  }

  /// The difference a − b of two independent estimates, with Welch's degrees of freedom.
  ///
  /// On the logarithmic scale it is the ratio a / b that is estimated. Without an interval when a
  /// side has none or the scales differ.
  public static func contrast(_ a: Estimate, _ b: Estimate, level: Double = 0.95) -> Estimate {
    guard let x = a.value.number, let y = b.value.number else {
      return Estimate(
        value: .undefined(a.value.reason ?? b.value.reason ?? "a side is undefined"),
        note: "a side is undefined")
    }
    guard a.scale == b.scale else {
      return Estimate(value: Measured(x - y), note: "the two intervals are on different scales")
    }
    let scale: EstimateScale = a.scale == .logarithm ? .logarithm : .identity
    let value = scale == .logarithm ? Measured(x / y) : Measured(x - y)
    guard a.scale != .fisherZ else {
      return Estimate(value: value, note: "intervals on Fisher's scale have no plain difference")
    }
    guard let number = value.number, let s = a.standardError, let t = b.standardError,
      let f = a.degreesOfFreedom, let g = b.degreesOfFreedom
    else {
      return Estimate(value: value, note: a.note ?? b.note ?? "a side has no standard error")
    }
    let (ss, tt) = (s * s, t * t)
    let spread = ss * ss / f + tt * tt / g
    let freedom = spread > 0 ? (ss + tt) * (ss + tt) / spread : f + g
    return Estimate(
      value: number, standardError: (ss + tt).squareRoot(), degreesOfFreedom: freedom,
      scale: scale, level: level)
  }
}
