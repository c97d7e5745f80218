/// Adds up the numbers of an array where they belong to the same number of a smaller one, in Float64:
/// what reading one number several times means for its gradient.
struct StridedSum {
  private let box: StridedBox
  private let size: Int

  /// A box of `extents`, whose neighbours along each axis lie `from` apart in the source and `to`
  /// apart among the `size` sums; 0 adds to one sum again and again.
  init(_ extents: [Int], from: [Int], to: [Int], size: Int) {
    box = StridedBox(extents, from: from, to: to)
    self.size = size
  }

  /// Sums an array of `count` examples of `shape` onto what was stretched over it: a value of
  /// `stretched`, or a parameter of that shape, which is the same for every example.
  init(_ shape: [Int], count: Int, onto stretched: [Int], isParameter: Bool) {
    let own = StridedCopy.strides(of: stretched)
    let missing = shape.count - stretched.count
    let single = stretched.reduce(1, *)
    let steps = shape.indices.map { axis in
      axis < missing || stretched[axis - missing] == 1 ? 0 : own[axis - missing]
    }
    self.init(
      [count] + shape, from: StridedCopy.strides(of: [count] + shape),
      to: [isParameter ? 0 : single] + steps, size: isParameter ? single : count * single)
  }

  /// Replaces the numbers of `destination` by the sums.
  func run(from source: UnsafePointer<Float>, to destination: UnsafeMutablePointer<Float>) {
    var sums = [Double](repeating: 0, count: size)
    sums.withUnsafeMutableBufferPointer { sums in
      guard let start = sums.baseAddress else { return }
      run(box.extents.count - 1, source, start)
      for i in 0..<size { destination[i] = Float(start[i]) }
    }
  }

  private func run(
    _ axis: Int, _ source: UnsafePointer<Float>, _ sums: UnsafeMutablePointer<Double>
  ) {
    let (extent, from, to) = (box.extents[axis], box.from[axis], box.to[axis])
    if axis > 0 {
      for position in 0..<extent { run(axis - 1, source + position * from, sums + position * to) }
    } else if to == 0 {
      var sum = 0.0
      for position in 0..<extent { sum += Double(source[position * from]) }
      sums.pointee += sum
    } else {
      for position in 0..<extent { sums[position * to] += Double(source[position * from]) }
    }
  }
}
