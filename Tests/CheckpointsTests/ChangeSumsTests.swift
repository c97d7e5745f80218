import CChangeSums
import Checkpoints
import Randomness
import Testing

@Suite struct ChangeSumsTests {
  /// What a plain loop in Float64 makes of two arrays.
  struct Plain {
    var (squaresBefore, squaresAfter, squaresOfChange, product) = (0.0, 0.0, 0.0, 0.0)
    var (changedCount, nonFiniteBefore, nonFiniteAfter) = (0, 0, 0)
    var largest: Double?
    var place = 0
    var steps: UInt64 = 0

    init(_ before: [Float], _ after: [Float], tolerance: Double = 0) {
      for (index, (x, y)) in zip(before, after).enumerated() {
        guard x.isFinite, y.isFinite else {
          if !x.isFinite { nonFiniteBefore += 1 }
          if !y.isFinite { nonFiniteAfter += 1 }
          if x != y, !(x.isNaN && y.isNaN) { changedCount += 1 }
          continue
        }
        let (a, b) = (Double(x), Double(y))
        squaresBefore += a * a
        squaresAfter += b * b
        squaresOfChange += (b - a) * (b - a)
        product += a * b
        if abs(b - a) > tolerance { changedCount += 1 }
        if abs(b - a) > abs(largest ?? 0) { (largest, place) = (b - a, index) }
        steps = max(steps, UInt64(abs(Self.ordinal(x) - Self.ordinal(y))))
      }
    }

    /// The place of a number among all in single precision, by their bits.
    static func ordinal(_ value: Float) -> Int {
      let magnitude = Int(value.magnitude.bitPattern)
      return value.sign == .minus ? -magnitude : magnitude
    }
  }

  /// Pairs of values with all that is special among them in places.
  static func pairs(_ count: Int, seed: UInt64, special: [Float]) -> ([Float], [Float]) {
    var generator = SeededGenerator(seed: seed, "pairs")
    var (before, after): ([Float], [Float]) = ([], [])
    for _ in 0..<count {
      let value = Float(generator.normal())
      before.append(value)
      after.append(generator.index(below: 3) == 0 ? value : value + Float(generator.normal()) / 64)
      guard !special.isEmpty, generator.index(below: 50) == 0 else { continue }
      let place = before.count - 1
      before[place] = special[generator.index(below: special.count)]
      after[place] = special[generator.index(below: special.count)]
    }
    return (before, after)
  }

  static let counts = [0, 1, 2, 7, 15, 16, 17, 31, 33, 4095, 4096, 4097, 65_537, 200_003]
  static let finite: [Float] = [
    0, -0.0, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude / 3,
    .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1, Float(1).nextUp,
  ]
  static let all: [Float] = finite + [.infinity, -.infinity, .nan, .signalingNaN]

  /// Whether sums of so many nonnegative terms agree, added in another order.
  private func agree(_ sum: Double, _ other: Double, _ count: Int) -> Bool {
    abs(sum - other) <= 0x1p-52 * Double(max(count, 1)) * max(abs(sum), abs(other))
  }

  @Test(arguments: counts)
  func `one pass by vectors is the plain loop in double precision`(count: Int) throws {
    for (seed, special) in [[], Self.finite, Self.all].enumerated() {
      for tolerance in [0, 0.01] {
        let (before, after) = Self.pairs(count, seed: UInt64(seed), special: special)
        let plain = Plain(before, after, tolerance: tolerance)
        let change = ParameterChange(
          fromSingles: before, to: after, shape: [count], tolerance: tolerance, threads: 2)
        #expect(change.count == count)
        #expect(change.changedCount == plain.changedCount)
        #expect(change.nonFiniteBefore == plain.nonFiniteBefore)
        #expect(change.nonFiniteAfter == plain.nonFiniteAfter)
        #expect(change.largest == plain.largest)
        #expect(change.largestIndex == (plain.largest == nil ? [] : [plain.place]))
        #expect(change.largestUlps ?? 0 == plain.steps)
        #expect(agree(change.normBefore, plain.squaresBefore.squareRoot(), count))
        #expect(agree(change.normAfter, plain.squaresAfter.squareRoot(), count))
        #expect(agree(change.distance, plain.squaresOfChange.squareRoot(), count))
        if let cosine = change.cosine, change.distance > 0 {
          let scale = (plain.squaresBefore * plain.squaresAfter).squareRoot()
          #expect(abs(cosine - plain.product / scale) <= 0x1p-50 * Double(count))
        }
      }
    }
  }

  @Test func `the result is the same to the bit for any number of threads`() {
    let (before, after) = Self.pairs(1_000_003, seed: 5, special: Self.all)
    let one = ParameterChange(fromSingles: before, to: after, shape: [1_000_003], threads: 1)
    for threads in [2, 3, 8, 64] {
      let more = ParameterChange(
        fromSingles: before, to: after, shape: [1_000_003], threads: threads)
      #expect(more == one)
    }
  }

  @Test func `of equal changes the first is the largest, in whatever block`() {
    var after = [Float](repeating: 0, count: 300_000)
    for place in [299_999, 131_072, 70_001, 66_000] { after[place] = place == 70_001 ? 2 : -2 }
    let change = ParameterChange(
      fromSingles: [Float](repeating: 0, count: 300_000), to: after, shape: [300, 1000], threads: 3)
    #expect(change.largest == -2 && change.largestIndex == [66, 0])
    // An infinity in the same block is no change that has a size.
    after[65_999] = .infinity
    let beside = ParameterChange(
      fromSingles: [Float](repeating: 0, count: 300_000), to: after, shape: [300, 1000], threads: 3)
    #expect(beside.largest == -2 && beside.largestIndex == [66, 0] && beside.changedCount == 5)
  }

  @Test func `the largest change is found where Float32 does not tell it from others`() {
    func change(_ before: [Float], _ after: [Float]) -> ParameterChange {
      ParameterChange(fromSingles: before, to: after, shape: [before.count], threads: 1)
    }
    var (before, after) = ([Float](repeating: 0, count: 100), [Float](repeating: 0, count: 100))
    // Beyond the largest Float32.
    (before[40], after[40]) = (-Float.greatestFiniteMagnitude, Float.greatestFiniteMagnitude)
    let beyond = change(before, after)
    #expect(beyond.largest == 2 * Double(Float.greatestFiniteMagnitude))
    #expect(beyond.largestIndex == [40])
    // 99,999,999 and 100,000,000 are one number in Float32; the smaller comes first.
    (before[40], after[40]) = (1, 1e8)
    (before[71], after[71]) = (0, 1e8)
    let alike = change(before, after)
    #expect(alike.largest == 1e8)
    #expect(alike.largestIndex == [71])
  }

  @Test func `every set of vector instructions gives the same bits`() {
    let (before, after) = Self.pairs(4099, seed: 9, special: Self.finite)
    for count in [0, 1, 15, 16, 17, 100, 4099] {
      var (fast, baseline) = (cchangesums_block(), cchangesums_block())
      before.withUnsafeBytes { a in
        after.withUnsafeBytes { b in
          cchangesums_single(a.baseAddress, b.baseAddress, count, &fast)
          cchangesums_single_baseline(a.baseAddress, b.baseAddress, count, &baseline)
        }
      }
      #expect(fast.squares_before.bitPattern == baseline.squares_before.bitPattern)
      #expect(fast.squares_after.bitPattern == baseline.squares_after.bitPattern)
      #expect(fast.squares_of_change.bitPattern == baseline.squares_of_change.bitPattern)
      #expect(fast.product.bitPattern == baseline.product.bitPattern)
      #expect(fast.largest == baseline.largest)
      #expect(fast.largest_distance == baseline.largest_distance)
      #expect(fast.changed_count == baseline.changed_count)
    }
  }

  @Test func `values are read at any address`() {
    let (before, after) = Self.pairs(101, seed: 3, special: Self.finite)
    var (even, odd) = (cchangesums_block(), cchangesums_block())
    let (a, b) = (before.withUnsafeBytes { Array($0) }, after.withUnsafeBytes { Array($0) })
    cchangesums_single(a, b, 101, &even)
    ([7] + a).withUnsafeBytes { a in
      ([7, 7, 7] + b).withUnsafeBytes { b in
        cchangesums_single(a.baseAddress.map { $0 + 1 }, b.baseAddress.map { $0 + 3 }, 101, &odd)
      }
    }
    #expect(even.squares_of_change == odd.squares_of_change && even.product == odd.product)
    #expect(even.changed_count == odd.changed_count && even.largest == odd.largest)
  }
}
