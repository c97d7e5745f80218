import CChangeSums

/// Values in single precision in this machine's byte order, at any address.
struct SinglePrecisionValues {
  let bytes: UnsafeRawBufferPointer

  var count: Int { bytes.count / 4 }

  subscript(index: Int) -> Double {
    Double(bytes.loadUnaligned(fromByteOffset: 4 * index, as: Float.self))
  }

  func slice(_ range: Range<Int>) -> SinglePrecisionValues {
    SinglePrecisionValues(
      bytes: UnsafeRawBufferPointer(rebasing: bytes[4 * range.lowerBound..<4 * range.upperBound]))
  }

  /// Whether a change to `after` in `range`, at most 16 values, has this magnitude in single
  /// precision; where there are fewer than 16, it may have.
  func mayChange(
    _ after: SinglePrecisionValues, in range: Range<Int>, by magnitude: Float
  ) -> Bool {
    guard range.count == 16 else { return true }
    let offset = 4 * range.lowerBound
    let a = bytes.loadUnaligned(fromByteOffset: offset, as: SIMD16<Float>.self)
    let b = after.bytes.loadUnaligned(fromByteOffset: offset, as: SIMD16<Float>.self)
    let change = b - a
    return any(change .== magnitude .| (change .== -magnitude))
  }
}

extension ChangeSums {
  /// How many values are summed before anything in them is looked at closer.
  private static let block = 4096

  /// The sums over `before` and `after`, which are as many.
  init(_ before: SinglePrecisionValues, _ after: SinglePrecisionValues, tolerance: Double) {
    // Blocks whose largest change may be the largest of all, and that change in single precision.
    var candidates: [Range<Int>] = []
    var greatest: Float = 0
    for start in stride(from: 0, to: before.count, by: Self.block) {
      let block = start..<min(before.count, start + Self.block)
      let largest = addBlock(before.slice(block), after.slice(block), tolerance: tolerance)
      // Rounding keeps order, so no larger change hides behind a smaller rounded one.
      if largest > greatest {
        greatest = largest
        candidates = [block]
      } else if largest > 0, largest == greatest {
        candidates.append(block)
      }
    }
    for block in candidates {
      for start in stride(from: block.lowerBound, to: block.upperBound, by: 16) {
        let values = start..<min(block.upperBound, start + 16)
        guard before.mayChange(after, in: values, by: greatest) else { continue }
        for index in values {
          let change = after[index] - before[index]
          let (size, most) = (abs(change), abs(largest))
          if size > most || (size == most && size > 0 && index < largestAt ?? index) {
            (largest, largestAt) = (change, index)
          }
        }
      }
    }
  }

  /// Adds the sums of the values that follow, but for which change is the largest: the result is
  /// its magnitude in single precision, or 0 when that has been seen to.
  private mutating func addBlock(
    _ a: SinglePrecisionValues, _ b: SinglePrecisionValues, tolerance: Double
  ) -> Float {
    var sums = cchangesums_block()
    cchangesums_single(a.bytes.baseAddress, b.bytes.baseAddress, a.count, &sums)
    // A square of a single is finite in double precision unless the value is not.
    guard (sums.squares_before + sums.squares_after).isFinite else {
      for index in 0..<a.count {
        add(a[index], b[index], tolerance: tolerance, ordinals: .single)
      }
      return 0
    }
    if tolerance == 0 {
      changedCount += Int(sums.changed_count)
    } else if Double(sums.largest) * 1.000001 > tolerance {
      for index in 0..<a.count where abs(b[index] - a[index]) > tolerance { changedCount += 1 }
    }
    largestUlps = max(largestUlps ?? 0, UInt64(sums.largest_distance))
    squaresBefore += sums.squares_before
    squaresAfter += sums.squares_after
    squaresOfChange += sums.squares_of_change
    product += sums.product
    count += a.count
    return sums.largest
  }
}
