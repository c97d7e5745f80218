#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The angle whose sine is `x`, with `x` brought into [−1, 1] first.
func arcsine(_ x: Double) -> Double { asin(min(1, max(-1, x))) }

/// The angle whose cosine is `x`, with `x` brought into [−1, 1] first.
func arccosine(_ x: Double) -> Double { acos(min(1, max(-1, x))) }

/// The natural logarithm.
func naturalLogarithm(_ x: Double) -> Double { log(x) }

/// The exponential function.
func exponential(_ x: Double) -> Double { exp(x) }

/// The sine.
func sine(_ x: Double) -> Double { sin(x) }
