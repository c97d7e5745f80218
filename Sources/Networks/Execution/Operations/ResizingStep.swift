import Glibc

extension Compiler {
  func resizingForward(_ index: Int, _ resizing: Resizing) {
    let node = graph.nodes[index]
    let inner = inputShape(index)
    let (input, output) = (input(index), values[index])
    let channels = inner[2]
    let rows = resizing.shares(across: resizing.size.height, of: inner[0])
    let columns = resizing.shares(across: resizing.size.width, of: inner[1])
    let rowLength = inner[1] * channels
    let (examples, innerSize, size) = (count, inner.reduce(1, *), node.size)
    let blended = Buffer(count: rowLength)
    program.append(
      PlainStep {
        for example in 0..<examples {
          let source = input.pointer + example * innerSize
          var target = output.pointer + example * size
          for row in rows {
            blended.pointer.update(repeating: 0, count: rowLength)
            for (place, share) in row {
              let values = source + place * rowLength
              for column in 0..<rowLength { blended.pointer[column] += share * values[column] }
            }
            for column in columns {
              target.update(repeating: 0, count: channels)
              for (place, share) in column {
                let values = blended.pointer + place * channels
                for channel in 0..<channels { target[channel] += share * values[channel] }
              }
              target += channels
            }
          }
        }
      })
  }
}

extension Resizing {
  /// For each of `count` places, which of `extent` numbers it is made of and what share each has.
  func shares(across count: Int, of extent: Int) -> [[(place: Int, share: Float)]] {
    (0..<count).map { place in
      let exact = (Double(place) + 0.5) * Double(extent) / Double(count)
      let nearest = min(Int(exact), extent - 1)
      if method == .nearest { return [(nearest, 1)] }
      var center = exact - 0.5
      if method == .bicubic {
        // TensorFlow looks its shares up in a table of 1,024 steps from one number to the next.
        center = center.rounded(.down) + ((center - center.rounded(.down)) * 1024).rounded() / 1024
      }
      // Beyond the edge there is nothing: what is there shares the whole.
      let first = max(0, Int((center - method.radius).rounded(.up)))
      let last = min(extent - 1, Int((center + method.radius).rounded(.down)))
      let shares = (first...last).map {
        (place: $0, share: method.share(at: abs(Double($0) - center)))
      }
      let total = shares.reduce(0) { $0 + $1.share }
      if total == 0 { return [(nearest, 1)] }
      return shares.map { ($0.place, Float($0.share / total)) }
    }
  }
}

extension Resizing.Method {
  /// How far numbers reach.
  fileprivate var radius: Double {
    switch self {
    case .nearest: 0.5
    case .bilinear: 1
    case .gaussian: 1.5
    case .bicubic, .mitchellCubic: 2
    case .lanczos3: 3
    case .lanczos5: 5
    }
  }

  /// The share, up to a factor, of a number so far away.
  fileprivate func share(at x: Double) -> Double {
    switch self {
    case .nearest: x <= 0.5 ? 1 : 0
    case .bilinear: max(0, 1 - x)
    case .gaussian: x < radius ? exp(-2 * x * x) : 0
    case .bicubic: Self.cubic(x, 0, 0.5)
    case .mitchellCubic: Self.cubic(x, 1.0 / 3, 1.0 / 3)
    case .lanczos3, .lanczos5:
      x > radius
        ? 0 : x < 1e-3 ? 1 : radius * sin(.pi * x) * sin(.pi * x / radius) / (.pi * x * .pi * x)
    }
  }

  /// Mitchell and Netravali, "Reconstruction Filters in Computer Graphics", SIGGRAPH 1988, equation 8.
  private static func cubic(_ x: Double, _ b: Double, _ c: Double) -> Double {
    let (square, cube) = (x * x, x * x * x)
    if x < 1 {
      return ((12 - 9 * b - 6 * c) * cube + (12 * b + 6 * c - 18) * square + 6 - 2 * b) / 6
    }
    guard x < 2 else { return 0 }
    let (outer, inner) = ((-b - 6 * c) * cube, (6 * b + 30 * c) * square)
    return (outer + inner - (12 * b + 48 * c) * x + 8 * b + 24 * c) / 6
  }
}
