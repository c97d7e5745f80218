import HDF5

/// Numbers of an element type counted from the lowest up.
struct Ordinals {
  private enum Width { case half, brain, single, double }
  private let width: Width

  /// Numbers in single precision.
  static let single = Ordinals(width: .single)

  /// Whether these are numbers in single precision.
  var areSingle: Bool { width == .single }

  private init(width: Width) { self.width = width }

  init?(_ type: ElementType) {
    switch type {
    case .float16: width = .half
    case .bfloat16: width = .brain
    case .float32: width = .single
    case .float64: width = .double
    default: return nil
    }
  }

  /// How many steps between neighbouring numbers lead from `a` to `b`, rounded to the type.
  func distance(_ a: Double, _ b: Double) -> UInt64 {
    let (x, y) = (ordinal(a), ordinal(b))
    return x > y ? UInt64(bitPattern: x &- y) : UInt64(bitPattern: y &- x)
  }

  private func ordinal(_ value: Double) -> Int64 {
    let magnitude: UInt64 =
      switch width {
      case .half: UInt64(StoredNumbers.half(value.magnitude))
      case .brain: UInt64(Float(value.magnitude).bitPattern >> 16)
      case .single: UInt64(Float(value.magnitude).bitPattern)
      case .double: value.magnitude.bitPattern
      }
    let count = Int64(bitPattern: magnitude)
    return value < 0 ? -count : count
  }
}
