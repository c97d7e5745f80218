import Dispatch
import Synchronization

/// Values in single precision in this machine's byte order, at any address.
struct SinglePrecisionValues {
  let bytes: UnsafeRawBufferPointer

  var count: Int { bytes.count / 4 }

  subscript(index: Int) -> Double {
    Double(bytes.loadUnaligned(fromByteOffset: 4 * index, as: Float.self))
  }

  /// The greatest number of steps between neighbouring numbers that lead from a value to its
  /// partner in `other`, which has as many; all are finite.
  func largestDistance(to other: SinglePrecisionValues) -> UInt32 {
    guard let a = bytes.baseAddress, let b = other.bytes.baseAddress else { return 0 }
    let whole = count & ~3
    var largest = SIMD4<UInt32>.zero
    for index in stride(from: 0, to: whole, by: 4) {
      let x = Self.ordinals((a + 4 * index).loadUnaligned(as: SIMD4<Int32>.self))
      let y = Self.ordinals((b + 4 * index).loadUnaligned(as: SIMD4<Int32>.self))
      let distance = (x &- y).replacing(with: y &- x, where: y .> x)
      // Finite values lie less than 2³² apart, so the difference is right without its sign.
      let steps = unsafeBitCast(distance, to: SIMD4<UInt32>.self)
      largest.replace(with: steps, where: steps .> largest)
    }
    var greatest = largest.max()
    for index in whole..<count {
      let x = Self.ordinals(
        SIMD4(repeating: (a + 4 * index).loadUnaligned(as: Int32.self)))[0]
      let y = Self.ordinals(
        SIMD4(repeating: (b + 4 * index).loadUnaligned(as: Int32.self)))[0]
      greatest = max(greatest, UInt32(bitPattern: x > y ? x &- y : y &- x))
    }
    return greatest
  }

  /// Places among all numbers, from the bits of values; 0 and −0 have one place.
  @inline(__always)
  private static func ordinals(_ bits: SIMD4<Int32>) -> SIMD4<Int32> {
    let sign = bits &>> 31
    return ((bits & 0x7FFF_FFFF) ^ sign) &- sign
  }

  func slice(_ range: Range<Int>) -> SinglePrecisionValues {
    SinglePrecisionValues(
      bytes: UnsafeRawBufferPointer(rebasing: bytes[4 * range.lowerBound..<4 * range.upperBound]))
  }
}

extension ChangeSums {
  /// How many values a thread takes at a time; sums do not depend on the number of threads.
  private static let share = 1 << 18
  /// How many values are summed before anything in them is looked at closer.
  private static let block = 4096

  /// The sums over `before` and `after`, which are as many, by several threads.
  init(_ before: SinglePrecisionValues, _ after: SinglePrecisionValues, tolerance: Double) {
    let count = before.count
    let shares = (count + Self.share - 1) / Self.share
    nonisolated(unsafe) let (a, b) = (before, after)
    let parts = Mutex([ChangeSums](repeating: ChangeSums(), count: shares))
    DispatchQueue.concurrentPerform(iterations: shares) { index in
      let range = index * Self.share..<min(count, (index + 1) * Self.share)
      var sums = ChangeSums()
      for start in stride(from: range.lowerBound, to: range.upperBound, by: Self.block) {
        let block = start..<min(range.upperBound, start + Self.block)
        sums.addBlock(a.slice(block), b.slice(block), tolerance: tolerance)
      }
      let part = sums
      parts.withLock { $0[index] = part }
    }
    self = parts.withLock { $0.reduce(into: ChangeSums()) { $0.add($1) } }
  }

  private mutating func addBlock(
    _ a: SinglePrecisionValues, _ b: SinglePrecisionValues, tolerance: Double
  ) {
    let vectors = VectorSums(a, b)
    // A square of a single is finite in double precision unless the value is not.
    guard (vectors.squaresBefore + vectors.squaresAfter).isFinite else {
      for index in 0..<a.count {
        add(a[index], b[index], tolerance: tolerance, ordinals: .single)
      }
      return
    }
    // Rounding keeps order, so no larger change hides behind a smaller rounded one.
    if vectors.largest > 0, vectors.largest >= Float(abs(largest)) {
      for index in 0..<a.count {
        let change = b[index] - a[index]
        if abs(change) > abs(largest) { (largest, largestAt) = (change, count + index) }
      }
    }
    if tolerance == 0 {
      changedCount += vectors.changedCount
    } else if Double(vectors.largest) * 1.000001 > tolerance {
      for index in 0..<a.count where abs(b[index] - a[index]) > tolerance { changedCount += 1 }
    }
    if a.count > 0 {
      let ulps = vectors.changedCount > 0 ? a.largestDistance(to: b) : 0
      largestUlps = max(largestUlps ?? 0, UInt64(ulps))
    }
    squaresBefore += vectors.squaresBefore
    squaresAfter += vectors.squaresAfter
    squaresOfChange += vectors.squaresOfChange
    product += vectors.product
    count += a.count
  }
}

/// What one pass over a block gives, eight values at a time.
private struct VectorSums {
  var squaresBefore = 0.0
  var squaresAfter = 0.0
  var squaresOfChange = 0.0
  var product = 0.0
  /// The largest magnitude of a change, rounded to single precision.
  var largest: Float = 0
  /// How many values differ.
  var changedCount = 0

  @inline(never)
  init(_ before: SinglePrecisionValues, _ after: SinglePrecisionValues) {
    let count = before.count
    let whole = count & ~7
    if let a = before.bytes.baseAddress, let b = after.bytes.baseAddress {
      var sums = Lanes()
      var moreSums = Lanes()
      for index in stride(from: 0, to: whole, by: 8) {
        sums.add(a + 4 * index, b + 4 * index)
        moreSums.add(a + 4 * index + 16, b + 4 * index + 16)
      }
      squaresBefore = (sums.squaresBefore + moreSums.squaresBefore).sum()
      squaresAfter = (sums.squaresAfter + moreSums.squaresAfter).sum()
      squaresOfChange = (sums.squaresOfChange + moreSums.squaresOfChange).sum()
      product = (sums.product + moreSums.product).sum()
      largest = max(sums.largest.max(), moreSums.largest.max())
      changedCount = -Int((sums.changes &+ moreSums.changes).wrappedSum())
    }
    for index in whole..<count {
      let (a, b) = (before[index], after[index])
      let change = b - a
      squaresBefore += a * a
      squaresAfter += b * b
      squaresOfChange += change * change
      product += a * b
      largest = max(largest, Float(abs(change)))
      if change != 0 { changedCount += 1 }
    }
  }

  private struct Lanes {
    var squaresBefore = SIMD4<Double>.zero
    var squaresAfter = SIMD4<Double>.zero
    var squaresOfChange = SIMD4<Double>.zero
    var product = SIMD4<Double>.zero
    var largest = SIMD4<Float>.zero
    /// Minus one for each change.
    var changes = SIMD4<Int32>.zero

    @inline(__always)
    mutating func add(_ before: UnsafeRawPointer, _ after: UnsafeRawPointer) {
      let (a, b) = (
        before.loadUnaligned(as: SIMD4<Float>.self), after.loadUnaligned(as: SIMD4<Float>.self)
      )
      let magnitude = unsafeBitCast(
        unsafeBitCast(b - a, to: SIMD4<UInt32>.self) & SIMD4(repeating: 0x7FFF_FFFF),
        to: SIMD4<Float>.self)
      largest.replace(with: magnitude, where: magnitude .> largest)
      changes.replace(with: changes &- 1, where: a .!= b)
      let (x, y) = (SIMD4<Double>(a), SIMD4<Double>(b))
      let change = y - x
      squaresBefore += x * x
      squaresAfter += y * y
      squaresOfChange += change * change
      product += x * y
    }
  }
}
