import Files
import Randomness

/// A change of an image's looks that leaves its class alone, for experiments in which the same
/// pictures serve as in-distribution and out-of-distribution inputs.
///
/// Images hold values in 0…1, row 0 at the top, channels last; `x[i, j]` is row `i`, column `j`.
/// Each channel is treated alike. Out of n rows and columns:
///
/// | style | value at `[i, j]` |
/// | --- | --- |
/// | identity | `x[i, j]` |
/// | rot90 | `x[j, n−1−i]`, a quarter turn anticlockwise as in `numpy.rot90` |
/// | rot180 | `x[n−1−i, n−1−j]` |
/// | rot270 | `x[n−1−j, i]` |
/// | flipLeftRight | `x[i, n−1−j]` |
/// | flipUpDown | `x[n−1−i, j]` |
/// | transpose | `x[j, i]` |
/// | antiTranspose | `x[n−1−j, n−1−i]` |
/// | invert | `1 − x[i, j]` |
/// | shift | `x[i−s, j−t]`, wrapped around; s and t drawn from −1, 0, 1 for each image |
/// | blur | 1.6 times the mean of the 3 × 3 values around, zero outside the image |
/// | edge | `min(1, |x[i+1, j] − x[i, j]| + |x[i, j+1] − x[i, j]|)`, zero outside the image |
/// | lowContrast | `0.35 x[i, j] + 0.4` |
/// | noise | `x[i, j] + 0.3 z`, z standard normal |
public enum ImageStyle: String, CaseIterable, Sendable {
  /// No change.
  case identity
  /// A quarter turn anticlockwise.
  case rot90
  /// Half a turn.
  case rot180
  /// A quarter turn clockwise.
  case rot270
  /// Left and right exchanged.
  case flipLeftRight = "flip-left-right"
  /// Top and bottom exchanged.
  case flipUpDown = "flip-up-down"
  /// Mirrored at the main diagonal.
  case transpose
  /// Mirrored at the other diagonal.
  case antiTranspose = "anti-transpose"
  /// Light and dark exchanged.
  case invert
  /// Moved by at most one pixel each way.
  case shift
  /// Smoothed and brightened.
  case blur
  /// Differences of neighbours.
  case edge
  /// Pressed into 0.4…0.75.
  case lowContrast = "low-contrast"
  /// With normal noise.
  case noise

  /// The symmetries of the square: the first eight styles.
  public static let dihedral: [ImageStyle] = [
    .identity, .rot90, .rot180, .rot270, .flipLeftRight, .flipUpDown, .transpose, .antiTranspose,
  ]

  /// Whether the style draws random numbers.
  public var isRandom: Bool { self == .shift || self == .noise }

  /// Whether the style exchanges rows and columns, and so needs square images.
  public var needsSquareImages: Bool {
    switch self {
    case .rot90, .rot270, .transpose, .antiTranspose: true
    default: false
    }
  }

  /// Changes one image of `height × width × channels` values.
  ///
  /// - Parameters:
  ///   - seed: Decides, with `row`, what a random style draws; the other styles ignore both.
  ///   - row: The image's row in its set.
  /// - Precondition: `image` has that many values; the image is square where the style needs it.
  public func applied(
    to image: ArraySlice<Float>, height: Int, width: Int, channels: Int = 1, seed: UInt64 = 0,
    row: Int = 0
  ) -> [Float] {
    precondition(
      image.count == height * width * channels,
      "\(image.count) values for an image of \(height) × \(width) × \(channels)")
    precondition(
      !needsSquareImages || height == width, "\(rawValue) of an image of \(height) × \(width)")
    let grid = Grid(
      values: image, height: height, width: width, channels: channels)
    let (bottom, right) = (height - 1, width - 1)
    switch self {
    case .identity: return Array(image)
    case .rot90: return grid.moved { ($1, bottom - $0) }
    case .rot180: return grid.moved { (bottom - $0, right - $1) }
    case .rot270: return grid.moved { (bottom - $1, $0) }
    case .flipLeftRight: return grid.moved { ($0, right - $1) }
    case .flipUpDown: return grid.moved { (bottom - $0, $1) }
    case .transpose: return grid.moved { ($1, $0) }
    case .antiTranspose: return grid.moved { (bottom - $1, right - $0) }
    case .invert: return image.map { 1 - $0 }
    case .lowContrast: return image.map { 0.35 * $0 + 0.4 }
    case .noise:
      var generator = SeededGenerator(seed: seed, "image style noise, row \(row)")
      return image.map { $0 + 0.3 * Float(generator.normal()) }
    case .shift:
      var generator = SeededGenerator(seed: seed, "image style shift, row \(row)")
      let (down, across) = (generator.index(below: 3) - 1, generator.index(below: 3) - 1)
      return grid.moved { (($0 - down + height) % height, ($1 - across + width) % width) }
    case .blur:
      return grid.mapped { i, j, c in
        var sum: Float = 0
        for di in -1...1 { for dj in -1...1 { sum += grid[i + di, j + dj, c] } }
        return 1.6 * sum / 9
      }
    case .edge:
      return grid.mapped { i, j, c in
        let here = grid[i, j, c]
        return min(1, abs(grid[i + 1, j, c] - here) + abs(grid[i, j + 1, c] - here))
      }
    }
  }
}

/// The values of one image, zero outside it.
private struct Grid {
  let values: ArraySlice<Float>
  let height: Int
  let width: Int
  let channels: Int

  subscript(i: Int, j: Int, channel: Int) -> Float {
    guard i >= 0, i < height, j >= 0, j < width else { return 0 }
    return values[values.startIndex + (i * width + j) * channels + channel]
  }

  func mapped(_ value: (_ i: Int, _ j: Int, _ channel: Int) -> Float) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(values.count)
    for i in 0..<height {
      for j in 0..<width { for c in 0..<channels { result.append(value(i, j, c)) } }
    }
    return result
  }

  /// The image whose value at `[i, j]` is this one's at `place(i, j)`.
  func moved(_ place: (_ i: Int, _ j: Int) -> (Int, Int)) -> [Float] {
    mapped { i, j, c in
      let (row, column) = place(i, j)
      return self[row, column, c]
    }
  }
}

extension ExampleSet {
  /// The set with every image in `style`, changed while it is read.
  ///
  /// Random styles draw from `seed` and the row in this set alone, so blocks of any size give the
  /// same images. A subset of a styled set has the images of the whole; a styled subset counts its
  /// own rows.
  ///
  /// Examples that are no images, or not square where the style needs it, are an error when values
  /// are first read, as `FileError`.
  public func styled(_ style: ImageStyle, seed: UInt64 = 0) -> ExampleSet {
    if style == .identity { return self }
    let (shape, set) = (exampleShape, name)
    return replacing(
      ChangedRows(source: source, shape: source.shape) { (values, firstRow) throws(FileError) in
        guard shape.count == 3, !style.needsSquareImages || shape[0] == shape[1] else {
          let needed = style.needsSquareImages ? "square images" : "images"
          throw FileError(
            path: set,
            reason: "style \(style.rawValue) needs \(needed), not \(NumberArray.text(shape)) values"
          )
        }
        let size = shape.reduce(1, *)
        var result: [Float] = []
        result.reserveCapacity(values.count)
        for index in 0..<values.count / size {
          result += style.applied(
            to: values[index * size..<(index + 1) * size], height: shape[0], width: shape[1],
            channels: shape[2], seed: seed, row: firstRow + index)
        }
        values = result
      })
  }
}
