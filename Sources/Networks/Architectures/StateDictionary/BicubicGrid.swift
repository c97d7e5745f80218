/// Bicubic interpolation between the rows of a table that belong to the points of a grid.
///
/// Keys, "Cubic Convolution Interpolation for Digital Image Processing", 1981, with a = −0.75; the
/// centres of cells lie at half numbers, points beyond the grid are those at its edge, and a smaller
/// grid is sampled without averaging: what PyTorch's `interpolate` does by default.
enum BicubicGrid {
  /// The rows for the points of `target`, after the `leading` rows as they are.
  static func resampled(
    _ values: [Float], leading: Int, from source: Extent, to target: Extent, width: Int
  ) -> [Float] {
    var result = Array(values.prefix(leading * width))
    result.reserveCapacity((leading + target.height * target.width) * width)
    let columns = weights(source.width, target.width)
    for vertical in weights(source.height, target.height) {
      for horizontal in columns {
        var sums = [Double](repeating: 0, count: width)
        for (row, rowWeight) in vertical {
          for (column, columnWeight) in horizontal {
            let start = (leading + row * source.width + column) * width
            let weight = rowWeight * columnWeight
            for index in 0..<width { sums[index] += weight * Double(values[start + index]) }
          }
        }
        for sum in sums { result.append(Float(sum)) }
      }
    }
    return result
  }

  /// For each point of `target`, four points of `source` with their weights.
  private static func weights(_ source: Int, _ target: Int) -> [[(Int, Double)]] {
    (0..<target).map { point in
      let place = (Double(point) + 0.5) * Double(source) / Double(target) - 0.5
      let first = place.rounded(.down)
      return (-1...2).map { offset in
        let neighbour = Int(first) + offset
        return (
          min(max(neighbour, 0), source - 1), weight(abs(place - first - Double(offset)))
        )
      }
    }
  }

  private static func weight(_ distance: Double) -> Double {
    let a = -0.75
    let x = distance
    if x <= 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
    return x < 2 ? ((x - 5) * x + 8) * x * a - 4 * a : 0
  }
}
