/// How images of any size become images of one size: resized, then cut out of their centre.
///
/// Arithmetic, rounding and the order of both steps are those of Pillow and torchvision.
public struct ImageSizing: Hashable, Sendable {
  /// What an image is resized to.
  public enum Resize: Hashable, Sendable {
    /// It keeps its size.
    case none
    /// The shorter side has this many pixels, the longer one in proportion, rounded down.
    case shorterSide(Int)
    /// These extents, whatever that does to the proportions.
    case exact(height: Int, width: Int)
  }

  /// What an image is resized to.
  public var resize: Resize

  /// What is cut out of the centre then: height and width; all when `nil`. Where the image is
  /// smaller, black is added around.
  public var crop: Crop?

  /// Extents that are cut out.
  public struct Crop: Hashable, Sendable {
    /// Rows.
    public var height: Int
    /// Columns.
    public var width: Int

    /// - Precondition: both are positive.
    public init(height: Int, width: Int) {
      precondition(height > 0 && width > 0, "a crop of \(height) × \(width)")
      (self.height, self.width) = (height, width)
    }
  }

  /// How pixels are made up.
  public var interpolation: Interpolation

  /// Resizing, cropping, and how.
  public init(
    resize: Resize = .none, crop: Crop? = nil, interpolation: Interpolation = .bilinear
  ) {
    self.resize = resize
    self.crop = crop
    self.interpolation = interpolation
  }

  /// Images keep their size.
  public static let asStored = ImageSizing()

  /// Whether images keep their size.
  public var isNone: Bool { resize == .none && crop == nil }

  /// The extents that every image gets, `nil` when they depend on the image.
  public var fixedExtents: (height: Int, width: Int)? {
    if let crop { return (crop.height, crop.width) }
    if case .exact(let height, let width) = resize { return (height, width) }
    return nil
  }

  /// The extents an image is resized to.
  func resized(height: Int, width: Int) -> (height: Int, width: Int) {
    switch resize {
    case .none: return (height, width)
    case .exact(let height, let width): return (height, width)
    case .shorterSide(let side):
      let longer = { (long: Int, short: Int) in Int(Double(side * long) / Double(short)) }
      return width <= height ? (longer(height, width), side) : (side, longer(width, height))
    }
  }

  /// The extents that an image of these extents has at the end.
  func extents(height: Int, width: Int) -> (height: Int, width: Int) {
    fixedExtents ?? resized(height: height, width: width)
  }

  /// The extents that an image is resized to must not be more than this many pixels.
  static let mostPixels = 1 << 27
}

extension ImageSizing: CustomStringConvertible {
  /// `resize 256 bilinear, crop 224`.
  public var description: String {
    var words: [String] = []
    switch resize {
    case .none: break
    case .shorterSide(let side): words.append("resize \(side) \(interpolation.rawValue)")
    case .exact(let height, let width):
      words.append("resize \(height)x\(width) \(interpolation.rawValue)")
    }
    if let crop {
      words.append(
        crop.height == crop.width ? "crop \(crop.height)" : "crop \(crop.height)x\(crop.width)")
    }
    return words.isEmpty ? "size as stored" : words.joined(separator: ", ")
  }
}

/// The way of one image through an ``ImageSizing``, row by row: rows of the image go in as they are
/// decoded, and only as much is kept as the result needs.
struct SizedImage {
  private let channels: Int
  private let width: Int
  private let output: (height: Int, width: Int)
  /// Where the first kept row and column of the resized image lie in the result.
  private let offset: (row: Int, column: Int)
  private let kept: (rows: Range<Int>, columns: Range<Int>)
  private let horizontal: ResamplingWeights?
  private let vertical: ResamplingWeights?
  /// Rows and columns to take, when that is all there is to do.
  private let taken: (rows: [Int], columns: [Int])?
  /// Whether the rows are combined before the columns. Pillow does so (as of version 13, observed from
  /// outside) where the height shrinks by more than twice what the width does.
  private let combinesRowsFirst: Bool
  /// The rows of the image that the result is made of.
  private let neededRows: Range<Int>
  /// The needed rows, resized along their width where that comes first.
  private var lines: [UInt8] = []

  /// Prepares for an image of these extents.
  ///
  /// - Returns: `nil` when the resized image would be larger than any that is made.
  init?(height: Int, width: Int, channels: Int, _ sizing: ImageSizing) {
    self.channels = channels
    self.width = width
    let resized = sizing.resized(height: height, width: width)
    guard resized.height > 0, resized.width > 0,
      resized.height <= ImageSizing.mostPixels / resized.width
    else { return nil }
    output = sizing.extents(height: height, width: width)
    let rows = Self.kept(of: resized.height, output.height)
    let columns = Self.kept(of: resized.width, output.width)
    kept = (rows.range, columns.range)
    offset = (rows.offset, columns.offset)
    if sizing.interpolation == .nearest {
      let all = (
        rows: nearestPixels(inputs: height, outputs: resized.height),
        columns: nearestPixels(inputs: width, outputs: resized.width)
      )
      taken = (Array(all.rows[kept.rows]), Array(all.columns[kept.columns]))
      (horizontal, vertical, combinesRowsFirst) = (nil, nil, false)
      neededRows = (taken?.rows.first ?? 0)..<(taken?.rows.last ?? -1) + 1
    } else {
      taken = nil
      horizontal =
        resized.width == width
        ? nil
        : ResamplingWeights(
          inputs: width, outputs: resized.width, range: kept.columns, sizing.interpolation)
      vertical =
        resized.height == height
        ? nil
        : ResamplingWeights(
          inputs: height, outputs: resized.height, range: kept.rows, sizing.interpolation)
      neededRows = vertical?.inputs ?? kept.rows
      combinesRowsFirst =
        horizontal != nil && resized.height < height
        && height - resized.height > 2 * (width - resized.width)
    }
    lines = [UInt8](repeating: 0, count: neededRows.count * lineWidth)
  }

  /// The bytes of a line as it is kept.
  private var lineWidth: Int { (combinesRowsFirst ? width : kept.columns.count) * channels }

  /// What is kept of a side of `size` pixels when `wanted` are cut out of its middle, and where that
  /// lies in the result. Halves are rounded to even, as Python rounds.
  private static func kept(of size: Int, _ wanted: Int) -> (range: Range<Int>, offset: Int) {
    if wanted >= size { return (0..<size, (wanted - size) / 2) }
    let start = Int((Double(size - wanted) / 2).rounded(.toNearestOrEven))
    return (start..<start + wanted, 0)
  }

  /// Takes the next row of the image.
  ///
  /// - Precondition: `pixels` holds the row's `width × channels` bytes.
  mutating func append(row: Int, _ pixels: UnsafePointer<UInt8>) {
    guard neededRows.contains(row) else { return }
    let start = (row - neededRows.lowerBound) * lineWidth
    let (channels, columns) = (channels, kept.columns)
    lines.withUnsafeMutableBufferPointer { lines in
      guard let base = lines.baseAddress else { return }
      let line = base + start
      if combinesRowsFirst {
        line.update(from: pixels, count: width * channels)
      } else if let taken {
        for (place, column) in taken.columns.enumerated() {
          for channel in 0..<channels {
            line[place * channels + channel] = pixels[column * channels + channel]
          }
        }
      } else if let horizontal {
        horizontal.apply(to: pixels, channels: channels, into: line)
      } else {
        line.update(from: pixels + columns.lowerBound * channels, count: columns.count * channels)
      }
    }
  }

  /// The result: height × width × channels bytes.
  func finished() -> [UInt8] {
    let outputWidth = output.width * channels
    var result = [UInt8](repeating: 0, count: output.height * outputWidth)
    let lineWidth = lineWidth
    guard lineWidth > 0, !kept.rows.isEmpty else { return result }
    var sums = [Int32](repeating: 0, count: lineWidth)
    var combined = [UInt8](repeating: 0, count: combinesRowsFirst ? lineWidth : 1)
    result.withUnsafeMutableBufferPointer { result in
      lines.withUnsafeBufferPointer { lines in
        sums.withUnsafeMutableBufferPointer { sums in
          combined.withUnsafeMutableBufferPointer { combined in
            guard let result = result.baseAddress, let lines = lines.baseAddress,
              let sums = sums.baseAddress, let combined = combined.baseAddress
            else { return }
            for index in 0..<kept.rows.count {
              let target = result + (offset.row + index) * outputWidth + offset.column * channels
              if let vertical, let horizontal, combinesRowsFirst {
                vertical.combine(
                  lines: lines, width: lineWidth, output: index, sums: sums, into: combined)
                horizontal.apply(to: combined, channels: channels, into: target)
              } else if let vertical {
                vertical.combine(
                  lines: lines, width: lineWidth, output: index, sums: sums, into: target)
              } else {
                let row = taken.map { $0.rows[index] } ?? kept.rows.lowerBound + index
                target.update(
                  from: lines + (row - neededRows.lowerBound) * lineWidth, count: lineWidth)
              }
            }
          }
        }
      }
    }
    return result
  }
}
