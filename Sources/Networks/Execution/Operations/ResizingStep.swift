extension Compiler {
  func resizingForward(_ index: Int, _ resizing: Resizing) {
    let node = graph.nodes[index]
    let inner = inputShape(index)
    let (input, output) = (input(index), values[index])
    let channels = inner[2]
    let rows = Self.neighbours(resizing.size.height, of: inner[0], resizing.method)
    let columns = Self.neighbours(resizing.size.width, of: inner[1], resizing.method)
    let rowLength = inner[1] * channels
    let (examples, innerSize, size) = (count, inner.reduce(1, *), node.size)
    program.append(
      PlainStep {
        for example in 0..<examples {
          let source = input.pointer + example * innerSize
          var target = output.pointer + example * size
          for row in rows {
            let (above, below) = (source + row.first * rowLength, source + row.second * rowLength)
            for column in columns {
              let (left, right) = (column.first * channels, column.second * channels)
              for channel in 0..<channels {
                let top =
                  above[left + channel]
                  + (above[right + channel] - above[left + channel]) * column.share
                let bottom =
                  below[left + channel]
                  + (below[right + channel] - below[left + channel]) * column.share
                target[channel] = top + (bottom - top) * row.share
              }
              target += channels
            }
          }
        }
      })
  }

  /// For each of `count` places, the two of `extent` between which it lies, and how far from the
  /// first to the second.
  static func neighbours(
    _ count: Int, of extent: Int, _ method: Resizing.Method
  ) -> [(first: Int, second: Int, share: Float)] {
    (0..<count).map { place in
      let exact = (Double(place) + 0.5) * Double(extent) / Double(count)
      switch method {
      case .nearest:
        let nearest = min(max(Int(exact.rounded(.down)), 0), extent - 1)
        return (nearest, nearest, 0)
      case .bilinear:
        let center = exact - 0.5
        let first = Int(center.rounded(.down))
        let share = Float(center - center.rounded(.down))
        return (min(max(first, 0), extent - 1), min(max(first + 1, 0), extent - 1), share)
      }
    }
  }
}
