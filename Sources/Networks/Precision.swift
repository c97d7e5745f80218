import COneDNN

/// In which numbers an executor computes.
public enum Precision: String, CaseIterable, Hashable, Sendable {
  /// Float32 throughout.
  case float32 = "f32"
  /// Values and kernels in bfloat16 (a Float32's upper half: 8 bits of precision), sums in Float32.
  /// Features then differ from those in Float32 by some parts in a thousand.
  case bfloat16 = "bf16"

  /// Whether this processor multiplies such numbers.
  public var isSupported: Bool {
    switch self {
    case .float32: true
    case .bfloat16: conednn_has_bfloat16() != 0
    }
  }
}
