/// How many directions a spectrum of singular values spreads over, by four conventions.
///
/// The arguments are singular values σ in any order, not their squares; they must not be negative.
/// Centred and uncentred features have different spectra: say which. Undefined when all are zero.
public enum Spectrum {
  /// exp(−Σ p ln p) with p = σ/Σσ and 0 ln 0 = 0; between 1 and the rank.
  ///
  /// Roy and Vetterli, "The effective rank", EUSIPCO 2007.
  public static func effectiveRank(_ singularValues: [Double]) -> Measured {
    share(singularValues) { shares, _ in
      exponential(-shares.reduce(0) { $0 + ($1 > 0 ? $1 * naturalLogarithm($1) : 0) })
    }
  }

  /// exp(−Σ p ln p) with p = σ/Σσ + 1e-7, the constant added after the division; uncentred features.
  ///
  /// Garrido et al., "RankMe", ICML 2023.
  public static func rankMe(_ singularValues: [Double]) -> Measured {
    share(singularValues) { shares, _ in
      exponential(
        -shares.reduce(0) { $0 + ($1 + 1e-7) * naturalLogarithm($1 + 1e-7) })
    }
  }

  /// The participation ratio (Σσ²)² / Σσ⁴.
  public static func participationRatio(_ singularValues: [Double]) -> Measured {
    share(singularValues) { _, scaled in
      let squares = scaled.map { $0 * $0 }
      let sum = squares.reduce(0, +)
      return sum * sum / squares.reduce(0) { $0 + $1 * $1 }
    }
  }

  /// The stable rank Σσ² / σ₁².
  public static func stableRank(_ singularValues: [Double]) -> Measured {
    share(singularValues) { _, scaled in scaled.reduce(0) { $0 + $1 * $1 } }
  }

  /// Calls `body` with σ/Σσ and σ/σ₁.
  private static func share(
    _ singularValues: [Double], _ body: (_ shares: [Double], _ scaled: [Double]) -> Double
  ) -> Measured {
    guard let largest = singularValues.max(), largest > 0 else {
      return .undefined("all singular values are zero")
    }
    let scaled = singularValues.map { max(0, $0) / largest }
    let sum = scaled.reduce(0, +)
    return Measured(body(scaled.map { $0 / sum }, scaled))
  }
}
