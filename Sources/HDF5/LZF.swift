import CHDF5

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The compression that h5py calls `lzf`: runs of bytes, and references to bytes written before.
///
/// A byte below 32 announces so many bytes and one more; any other is three bits of length and the
/// upper five bits of a distance, whose lower eight follow, after a byte more of length when its
/// bits are all set. So 3 bytes become 264 at most.
enum LZF {
  /// The number that the HDF Group registered for it.
  static let number = 32_000

  /// What one step says.
  private enum Step {
    case bytes(Range<Int>)
    case copy(distance: Int, count: Int)
  }

  /// How many bytes `packed` unpacks to, or `nil` when it is damaged.
  static func count(_ packed: UnsafeRawBufferPointer) -> Int? {
    var total = 0
    var position = 0
    while position < packed.count {
      switch step(packed, &position) {
      case .bytes(let range): total += range.count
      case .copy(let distance, let count):
        guard distance <= total else { return nil }
        total += count
      case nil: return nil
      }
    }
    return total
  }

  /// Unpacks `packed` into `target`, which has room for ``count(_:)`` bytes, those and no more.
  ///
  /// - Precondition: ``count(_:)`` is not `nil`.
  static func unpack(
    _ packed: UnsafeRawBufferPointer, into target: UnsafeMutableRawBufferPointer
  ) {
    var end = 0
    var position = 0
    while position < packed.count {
      switch step(packed, &position) {
      case .bytes(let range):
        for index in range {
          target[end] = packed[index]
          end += 1
        }
      case .copy(let distance, let count):
        // Byte by byte, as a copy may reach into itself.
        for _ in 0..<count {
          target[end] = target[end - distance]
          end += 1
        }
      case nil: return
      }
    }
  }

  private static func step(_ packed: UnsafeRawBufferPointer, _ position: inout Int) -> Step? {
    let control = Int(packed[position])
    position += 1
    if control < 32 {
      let range = position..<position + control + 1
      guard range.upperBound <= packed.count else { return nil }
      position = range.upperBound
      return .bytes(range)
    }
    var count = control >> 5
    if count == 7 {
      guard position < packed.count else { return nil }
      count += Int(packed[position])
      position += 1
    }
    guard position < packed.count else { return nil }
    let distance = (control & 0x1F) << 8 + Int(packed[position]) + 1
    position += 1
    return .copy(distance: distance, count: count + 2)
  }
}

extension LZF {
  /// Lets the library read such blocks; it cannot write them. Under `Library.call`.
  static func register() -> Bool {
    // The library keeps the place of the name, not the name.
    let name: StaticString = "lzf"
    var filter = H5Z_class2_t()
    filter.version = H5Z_CLASS_T_VERS
    filter.id = H5Z_filter_t(number)
    filter.decoder_present = 1
    filter.name = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
    filter.filter = { flags, _, _, count, size, buffer in
      guard flags & UInt32(H5Z_FLAG_REVERSE) != 0, let size, let buffer,
        let packed = buffer.pointee
      else { return 0 }
      let source = UnsafeRawBufferPointer(start: packed, count: count)
      guard let needed = LZF.count(source), needed > 0,
        let unpacked = H5allocate_memory(needed, false)
      else { return 0 }
      LZF.unpack(source, into: UnsafeMutableRawBufferPointer(start: unpacked, count: needed))
      H5free_memory(packed)
      buffer.pointee = unpacked
      size.pointee = needed
      return needed
    }
    return H5Zregister(&filter) >= 0
  }
}
