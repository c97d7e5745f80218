/// Normalisations of each example by itself; sums are kept in Float64.
extension Compiler {
  /// Also writes the mean and variance of each row, where those are kept.
  func layerNormalizationForward(_ index: Int, _ normalization: LayerNormalization) {
    let node = graph.nodes[index]
    let (input, output) = (input(index), values[index])
    let width = node.shape.suffix(normalization.axes).reduce(1, *)
    let rows = count * node.size / width
    let epsilon = Double(normalization.epsilon)
    let gamma = normalization.hasScale ? parameter(index, 0) : nil
    let beta = normalization.hasShift ? parameter(index, normalization.hasScale ? 1 : 0) : nil
    let kept = statistics[index]
    func normalize(_ row: Int) {
      let (x, y) = (input.pointer + row * width, output.pointer + row * width)
      let mean = rowSum(of: x, width) { $0 } / Double(width)
      let variance = rowSum(of: x, width) { ($0 - mean) * ($0 - mean) } / Double(width)
      let scale = 1 / (variance + epsilon).squareRoot()
      for i in 0..<width { y[i] = Float((Double(x[i]) - mean) * scale) }
      if let gamma { for i in 0..<width { y[i] *= gamma.pointer[i] } }
      if let beta { for i in 0..<width { y[i] += beta.pointer[i] } }
      kept?.mean.pointer[row] = Float(mean)
      kept?.variance.pointer[row] = Float(variance)
    }
    program.append(
      PlainStep { [engine] in
        engine.onThreads { thread, threads in
          for row in rows * thread / threads..<rows * (thread + 1) / threads { normalize(row) }
        }
      })
  }

  func groupNormalizationForward(_ index: Int, _ normalization: GroupNormalization) {
    let node = graph.nodes[index]
    let (input, output) = (input(index), values[index])
    let channels = node.shape.last ?? 1
    let positions = node.size / channels
    let groups = normalization.groups
    let width = channels / groups
    let epsilon = Double(normalization.epsilon)
    let gamma = normalization.hasScale ? parameter(index, 0) : nil
    let beta = normalization.hasShift ? parameter(index, normalization.hasScale ? 1 : 0) : nil
    let (examples, size) = (count, node.size)
    program.append(
      PlainStep {
        for example in 0..<examples {
          for group in 0..<groups {
            let first = example * size + group * width
            func forEachRow(_ body: (Int) -> Void) {
              for position in 0..<positions { body(first + position * channels) }
            }
            var sum = 0.0
            forEachRow { row in for i in row..<row + width { sum += Double(input.pointer[i]) } }
            let mean = sum / Double(positions * width)
            var squares = 0.0
            forEachRow { row in
              for i in row..<row + width {
                let deviation = Double(input.pointer[i]) - mean
                squares += deviation * deviation
              }
            }
            let scale = Float(1 / (squares / Double(positions * width) + epsilon).squareRoot())
            let center = Float(mean)
            forEachRow { row in
              for i in 0..<width {
                let channel = group * width + i
                output.pointer[row + i] =
                  (input.pointer[row + i] - center) * scale * (gamma?.pointer[channel] ?? 1)
                  + (beta?.pointer[channel] ?? 0)
              }
            }
          }
        }
      })
  }
}

/// The sum of `term` over `count` numbers, in eight sums side by side and then those.
private func rowSum(
  of numbers: UnsafePointer<Float>, _ count: Int, _ term: (SIMD8<Double>) -> SIMD8<Double>
) -> Double {
  let lanes = SIMD8<Double>.scalarCount
  var sums = SIMD8<Double>()
  for i in stride(from: 0, to: count - count % lanes, by: lanes) {
    let some = UnsafeRawPointer(numbers + i).loadUnaligned(as: SIMD8<Float>.self)
    sums += term(SIMD8<Double>(some))
  }
  var result = sums.sum()
  for i in count - count % lanes..<count { result += term(SIMD8(repeating: Double(numbers[i])))[0] }
  return result
}
