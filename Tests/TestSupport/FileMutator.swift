import Randomness

/// Damages files, the same way for the same seed: what a bad disk, a cut download or an ill-meaning
/// stranger leaves.
public struct FileMutator {
  private var generator: SeededGenerator

  /// A mutator whose choices follow from `seed`.
  public init(seed: UInt64) { generator = SeededGenerator(seed: seed, "mutations") }

  /// `bytes` with one to eight pieces of damage.
  public mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<(1 + below(4) * below(3)) where !bytes.isEmpty { damage(&bytes) }
    return bytes
  }

  private mutating func below(_ bound: Int) -> Int {
    bound <= 1 ? 0 : Int(generator.next() % UInt64(bound))
  }

  private mutating func damage(_ bytes: inout [UInt8]) {
    let place = below(bytes.count)
    switch below(16) {
    case 0: bytes.removeLast(below(bytes.count))
    case 1:
      let count = min(bytes.count - place, 1 + below(64))
      bytes.removeSubrange(place..<place + count)
    case 2:
      let from = below(bytes.count)
      let piece = bytes[from..<min(bytes.count, from + 1 + below(64))]
      bytes.insert(contentsOf: piece, at: place)
    case 3:
      // One part over another, as lost and doubled blocks do.
      let from = below(bytes.count)
      let count = min(bytes.count - max(place, from), 1 + below(512))
      for index in 0..<count { bytes[place + index] = bytes[from + index] }
    case 4, 5, 6, 7: splice(&bytes, place)
    case 8, 9: bytes[place] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF][below(6)]
    case 10: bytes[place] = UInt8(truncatingIfNeeded: generator.next())
    default: bytes[place] ^= 1 << UInt8(below(8))
    }
  }

  /// Writes a length that is at a limit, or near what was there, over two, four or eight bytes.
  private mutating func splice(_ bytes: inout [UInt8], _ place: Int) {
    let width = [2, 4, 8][below(3)]
    let place = below(2) == 0 ? place & ~7 : place
    guard place + width <= bytes.count else { return }
    var old: UInt64 = 0
    for index in (0..<width).reversed() { old = old << 8 | UInt64(bytes[place + index]) }
    let limits: [UInt64] = [
      0, 1, .max, .max >> 1, 1 << 31, 1 << 32, 1 << 40, 1 << 62, UInt64(bytes.count),
      UInt64(bytes.count) &- 1, old &+ 1, old &- 1, old &* 2, old &* 1000, old >> 1,
      UInt64(below(bytes.count)),
    ]
    var value = limits[below(limits.count)]
    for index in 0..<width {
      bytes[place + index] = UInt8(truncatingIfNeeded: value)
      value >>= 8
    }
  }
}
