/// Normalisations of each example by itself; sums are kept in Float64.
extension Compiler {
  func layerNormalizationForward(_ index: Int, _ normalization: LayerNormalization) {
    let node = graph.nodes[index]
    let (input, output) = (input(index), values[index])
    let width = node.shape.suffix(normalization.axes).reduce(1, *)
    let rows = count * node.size / width
    let epsilon = Double(normalization.epsilon)
    let gamma = normalization.hasScale ? parameter(index, 0) : nil
    let beta = normalization.hasShift ? parameter(index, normalization.hasScale ? 1 : 0) : nil
    program.append(
      PlainStep {
        for row in 0..<rows {
          let (x, y) = (input.pointer + row * width, output.pointer + row * width)
          var sum = 0.0
          for i in 0..<width { sum += Double(x[i]) }
          let mean = sum / Double(width)
          var squares = 0.0
          for i in 0..<width {
            let deviation = Double(x[i]) - mean
            squares += deviation * deviation
          }
          let scale = Float(1 / (squares / Double(width) + epsilon).squareRoot())
          let center = Float(mean)
          for i in 0..<width { y[i] = (x[i] - center) * scale }
          if let gamma { for i in 0..<width { y[i] *= gamma.pointer[i] } }
          if let beta { for i in 0..<width { y[i] += beta.pointer[i] } }
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
