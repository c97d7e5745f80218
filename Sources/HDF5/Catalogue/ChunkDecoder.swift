import CDeflate

/// Undoes the filters that a block went through: deflate or lzf, shuffle and fletcher32.
package struct ChunkDecoder: ~Copyable {
  private let filters: [Storage.Filter]
  private let elementSize: Int
  private let byteCount: Int
  private let inflater: OpaquePointer

  /// Why a block cannot be decoded.
  enum Failure: Error {
    case checksum
    case size
    case compressed
  }

  /// Whether this package decodes such a pipeline itself.
  static func decodes(_ filters: [Storage.Filter], elementSize: Int) -> Bool {
    var seen: Set<Int> = []
    // What one compression leaves has no known length for the other to expect.
    guard filters.filter({ $0.number == 1 || $0.number == LZF.number }).count <= 1 else {
      return false
    }
    return filters.count <= 3
      && filters.allSatisfy { filter in
        guard seen.insert(filter.number).inserted else { return false }
        switch filter.number {
        case 1, 3, LZF.number: return true
        case 2: return filter.settings.first.map { Int($0) == elementSize } ?? true
        default: return false
        }
      }
  }

  /// A decoder of blocks of `byteCount` bytes.
  init?(_ filters: [Storage.Filter], elementSize: Int, byteCount: Int) {
    guard let inflater = libdeflate_alloc_decompressor() else { return nil }
    (self.filters, self.elementSize, self.byteCount) = (filters, elementSize, byteCount)
    self.inflater = inflater
  }

  deinit { libdeflate_free_decompressor(inflater) }

  /// The values of a block stored as `stored`, filters of the bits in `skipped` left out.
  mutating func decode(
    _ stored: UnsafeRawBufferPointer, skipped: UInt32
  ) throws(Failure) -> [UInt8] {
    var current: [UInt8]?
    for place in filters.indices.reversed() where skipped >> UInt32(place) & 1 == 0 {
      switch filters[place].number {
      case 1, LZF.number:
        let checksums = filters[..<place].indices.filter {
          filters[$0].number == 3 && skipped >> UInt32($0) & 1 == 0
        }
        let count = byteCount + 4 * checksums.count
        current =
          filters[place].number == 1
          ? try inflate(current, stored, to: count) : try unpack(current, stored, to: count)
      case 2: current = unshuffle(current ?? Array(stored))
      case 3: current = try checked(current ?? Array(stored))
      default: throw .size
      }
    }
    let values = current ?? Array(stored)
    guard values.count == byteCount else { throw .size }
    return values
  }

  private func inflate(
    _ current: [UInt8]?, _ stored: UnsafeRawBufferPointer, to count: Int
  ) throws(Failure) -> [UInt8] {
    var written = 0
    var result = LIBDEFLATE_BAD_DATA
    let values = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      func run(_ input: UnsafeRawBufferPointer) {
        result = libdeflate_zlib_decompress(
          inflater, input.baseAddress, input.count, buffer.baseAddress, count, &written)
      }
      if let current { current.withUnsafeBytes { run($0) } } else { run(stored) }
      initialized = result == LIBDEFLATE_SUCCESS ? written : 0
    }
    guard result == LIBDEFLATE_SUCCESS, written == count else { throw .compressed }
    return values
  }

  private func unpack(
    _ current: [UInt8]?, _ stored: UnsafeRawBufferPointer, to count: Int
  ) throws(Failure) -> [UInt8] {
    func unpacked(_ packed: UnsafeRawBufferPointer) -> [UInt8]? {
      guard LZF.count(packed) == count else { return nil }
      var values = [UInt8](repeating: 0, count: count)
      values.withUnsafeMutableBytes { LZF.unpack(packed, into: $0) }
      return values
    }
    guard let values = current.map({ $0.withUnsafeBytes(unpacked) }) ?? unpacked(stored) else {
      throw .compressed
    }
    return values
  }

  /// Puts the bytes of each element together again; bytes beyond whole elements stay.
  private func unshuffle(_ values: [UInt8]) -> [UInt8] {
    let count = values.count / elementSize
    guard elementSize > 1, count > 1 else { return values }
    let size = elementSize
    return [UInt8](unsafeUninitializedCapacity: values.count) { result, initialized in
      values.withUnsafeBufferPointer { source in
        guard let source = source.baseAddress, let target = result.baseAddress else { return }
        switch size {
        case 4:
          let (b, c, d) = (source + count, source + 2 * count, source + 3 * count)
          for index in 0..<count {
            target[4 * index] = source[index]
            target[4 * index + 1] = b[index]
            target[4 * index + 2] = c[index]
            target[4 * index + 3] = d[index]
          }
        case 2:
          let second = source + count
          for index in 0..<count {
            target[2 * index] = source[index]
            target[2 * index + 1] = second[index]
          }
        default:
          for place in 0..<size {
            for index in 0..<count { target[size * index + place] = source[place * count + index] }
          }
        }
        for index in count * size..<values.count { target[index] = source[index] }
        initialized = values.count
      }
    }
  }

  /// The values without the checksum behind them, once it was found to be theirs.
  private func checked(_ values: [UInt8]) throws(Failure) -> [UInt8] {
    guard values.count >= 4 else { throw .size }
    let content = values.dropLast(4)
    let stored = values.suffix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    let sum = content.withUnsafeBytes { Fletcher32.sum($0) }
    // The library took the bytes of the sum in another order before 1.6.3 and accepts both.
    let (high, low) = (sum >> 16, sum & 0xFFFF)
    let older =
      (high & 0xFF) << 24 | (high >> 8) << 16 | (low & 0xFF) << 8 | low >> 8
    guard stored == sum || stored == older else { throw .checksum }
    return Array(content)
  }
}

extension ChunkDecoder {
  /// The values of a block that went through the filters of these numbers, or `nil` when it is
  /// damaged: the decoder by itself, for tests of what it makes of any bytes.
  package static func decoded(
    _ stored: [UInt8], filters numbers: [Int], elementSize: Int, byteCount: Int, skipped: UInt32 = 0
  ) -> [UInt8]? {
    let filters = numbers.map { Storage.Filter(number: $0, name: "", isAvailable: true) }
    guard elementSize > 0, decodes(filters, elementSize: elementSize),
      var decoder = ChunkDecoder(filters, elementSize: elementSize, byteCount: byteCount)
    else { return nil }
    return stored.withUnsafeBytes { bytes in try? decoder.decode(bytes, skipped: skipped) }
  }
}

/// Fletcher's checksum in 32 bits, over words whose high byte comes first, as HDF5 has it.
enum Fletcher32 {
  static func sum(_ bytes: UnsafeRawBufferPointer) -> UInt32 {
    var (first, second): (UInt32, UInt32) = (0, 0)
    var position = 0
    var words = bytes.count / 2
    while words > 0 {
      // 360 words are the most whose sums stay below 2³².
      let block = min(words, 360)
      words -= block
      for _ in 0..<block {
        first &+= UInt32(bytes[position]) << 8 | UInt32(bytes[position + 1])
        second &+= first
        position += 2
      }
      first = (first & 0xFFFF) &+ (first >> 16)
      second = (second & 0xFFFF) &+ (second >> 16)
    }
    if bytes.count % 2 == 1 {
      first &+= UInt32(bytes[position]) << 8
      second &+= first
      first = (first & 0xFFFF) &+ (first >> 16)
      second = (second & 0xFFFF) &+ (second >> 16)
    }
    first = (first & 0xFFFF) &+ (first >> 16)
    second = (second & 0xFFFF) &+ (second >> 16)
    return second << 16 | first
  }
}
