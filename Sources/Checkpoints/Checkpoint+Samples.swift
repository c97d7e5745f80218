import Files

extension Checkpoint {
  /// Values of `parameter` at `count` places that depend on nothing but its shape, or all of them
  /// when they are no more; counted with inputs first, so that kernels of either order of axes give
  /// the same values.
  ///
  /// The places are spread over all axes (multiples of the golden section of the number of values),
  /// and memory does not grow with the values where the layout allows it.
  ///
  /// - Throws: `FileError` when values cannot be read.
  func sample(_ parameter: Parameter, count: Int) throws(FileError) -> [Double] {
    let places = parameter.spreadPlaces(count).map(parameter.storedPlace)
    let order = places.indices.sorted { places[$0] < places[$1] }
    var sample = [Double](repeating: 0, count: places.count)
    let direct = try source.withElements(parameter) { elements throws(FileError) in
      try elements.values(at: order.map { places[$0] })
    }
    if let direct {
      for (place, value) in zip(order, direct) { sample[place] = value }
      return sample
    }
    var (start, next) = (0, 0)
    try source.eachBlock(parameter) { block in
      while next < order.count, places[order[next]] < start + block.count {
        sample[order[next]] = block[places[order[next]] - start]
        next += 1
      }
      start += block.count
    }
    return sample
  }
}

extension StoredElements {
  /// The elements at `places`, which increase; neighbours are read together.
  fileprivate func values(at places: [Int]) throws(FileError) -> [Double] {
    var bytes: [UInt8] = []
    var buffer: [UInt8] = []
    var start = 0
    while start < places.count {
      var end = start + 1
      while end < places.count, places[end] == places[end - 1] + 1 { end += 1 }
      try withBytes(of: places[start]..<places[end - 1] + 1, buffer: &buffer) {
        bytes.append(contentsOf: $0)
      }
      start = end
    }
    if count > 0 { release(0..<count) }
    return numbers.doubles(bytes)
  }
}

extension Checkpoint.Parameter {
  /// At most `limit` places among the values, each once.
  fileprivate func spreadPlaces(_ limit: Int) -> [Int] {
    guard count > limit else { return Array(0..<count) }
    var step = max(1, Int(Double(count) * 0.618_033_988_749_895))
    while greatestCommonDivisor(step, count) != 1 { step += 1 }
    var place = 0
    return (0..<limit).map { _ in
      defer { place = (place + step) % count }
      return place
    }
  }

  /// Where the value lies that is number `place` with inputs first.
  fileprivate func storedPlace(_ place: Int) -> Int {
    guard kernelOrder == .outputsFirst, shape.count >= 2 else { return place }
    var strides = [Int](repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * shape[axis + 1]
    }
    var (rest, stored) = (place, 0)
    for axis in KernelOrder.outputsFirst.axesInOtherOrder(rank: shape.count).reversed() {
      stored += rest % shape[axis] * strides[axis]
      rest /= shape[axis]
    }
    return stored
  }
}

private func greatestCommonDivisor(_ a: Int, _ b: Int) -> Int {
  var (a, b) = (a, b)
  while b != 0 { (a, b) = (b, a % b) }
  return a
}
