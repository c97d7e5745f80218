import LinearAlgebra

/// Where a convolution's window lies on images, for windows that move by one and have no gaps.
public struct PatchGrid: Hashable, Sendable {
  /// The values of a pixel.
  public var channels: Int

  /// Rows and columns of an image.
  public var height, width: Int

  /// Rows and columns of the window.
  public var kernelHeight, kernelWidth: Int

  /// Rows and columns of zeros before an image.
  public var top, left: Int

  /// Rows and columns of positions.
  public var outputHeight, outputWidth: Int

  /// All of them.
  ///
  /// - Precondition: extents are positive and every position's window meets the image.
  public init(
    channels: Int, height: Int, width: Int, kernelHeight: Int, kernelWidth: Int, top: Int,
    left: Int, outputHeight: Int, outputWidth: Int
  ) {
    precondition(
      min(channels, height, width, kernelHeight, kernelWidth, outputHeight, outputWidth) > 0
        && min(top, left) >= 0,
      "\(kernelHeight)×\(kernelWidth) windows on \(height)×\(width)×\(channels)")
    self.channels = channels
    (self.height, self.width) = (height, width)
    (self.kernelHeight, self.kernelWidth) = (kernelHeight, kernelWidth)
    (self.top, self.left) = (top, left)
    (self.outputHeight, self.outputWidth) = (outputHeight, outputWidth)
  }

  /// The numbers of a patch: height, width, channel.
  public var fanIn: Int { kernelHeight * kernelWidth * channels }

  /// The patches of an image.
  public var positions: Int { outputHeight * outputWidth }
}

/// The second moment Σ a aᵀ of a convolution's patches, without patches.
///
/// The products of the pixels at two places of the window depend, but for the image's border, on the
/// distance between them alone: Σ over pixels r of f(r) f(r + δ)ᵀ. Of a 3×3 window's 45 pairs of
/// places 13 distances are left, so that c channels take 13 c² products for each position where
/// patches take 40 c². What the border takes away from a pair is summed by itself. All sums are
/// Float64, of the very products that patches would give.
public struct PatchMoment: Sendable {
  /// A sum of f(r) f(r + δ)ᵀ over the pixels r of a rectangle.
  private struct Term: Hashable {
    let dy, dx: Int
    let rows, columns: Range<Int>
  }

  /// Where the window lies.
  public let grid: PatchGrid

  /// The number of patches.
  public private(set) var count = 0

  private var terms: [Term] = []
  private var places: [Term: Int] = [:]
  private var sums: [Matrix] = []

  /// Σ a by place of the window, place × channel.
  private var sum: Matrix

  /// Empty sums.
  public init(_ grid: PatchGrid) {
    self.grid = grid
    sum = Matrix(rows: grid.kernelHeight * grid.kernelWidth, columns: grid.channels)
    for first in 0..<sum.rows {
      for second in first..<sum.rows {
        for (_, term) in parts(first, second) where places[term] == nil {
          places[term] = terms.count
          terms.append(term)
          sums.append(Matrix(rows: grid.channels, columns: grid.channels))
        }
      }
    }
  }

  /// Adds the patches of `count` images: height, width, channel.
  ///
  /// - Throws: ``GeometryError`` when a value is not finite, or there are not enough of them.
  public mutating func add(
    images: UnsafeBufferPointer<Float>, count newCount: Int
  ) throws(GeometryError) {
    let size = grid.height * grid.width * grid.channels
    let (expected, overflow) = newCount.multipliedReportingOverflow(by: size)
    guard newCount >= 0, !overflow, images.count == expected else {
      throw .valueCount(expected: expected, found: images.count)
    }
    // Products of a few thousand rows are fast, and no more images need be widened at once.
    let together = max(1, 4096 / (paddedHeight * paddedWidth))
    for start in stride(from: 0, to: newCount, by: together) {
      let chosen = start..<min(start + together, newCount)
      try addTogether(
        UnsafeBufferPointer(
          rebasing: images[chosen.lowerBound * size..<chosen.upperBound * size]), chosen.count)
    }
  }

  /// Images are laid out with zeros to the right and below, as wide as any distance: a pixel beyond
  /// the image is then a row of zeros, and a distance a number of rows.
  private var paddedHeight: Int { grid.height + grid.kernelHeight - 1 }
  private var paddedWidth: Int { grid.width + grid.kernelWidth - 1 }

  private mutating func addTogether(
    _ images: UnsafeBufferPointer<Float>, _ number: Int
  ) throws(GeometryError) {
    let (rowLength, channels) = (grid.width * grid.channels, grid.channels)
    let pixels = paddedHeight * paddedWidth
    var padded = Matrix(rows: number * pixels, columns: channels)
    padded.values.withUnsafeMutableBufferPointer { target in
      for image in 0..<number {
        for row in 0..<grid.height {
          let from = (image * grid.height + row) * rowLength
          let to = (image * pixels + row * paddedWidth) * channels
          for place in 0..<rowLength { target[to + place] = Double(images[from + place]) }
        }
      }
    }
    guard padded.isFinite else {
      let place = images.firstIndex { !$0.isFinite } ?? 0
      throw .notFinite(side: "inputs", row: place / channels)
    }
    for (place, term) in terms.enumerated() {
      let distance = term.dy * paddedWidth + term.dx
      if term.rows == whole(term.dy, grid.height), term.columns == whole(term.dx, grid.width) {
        sums[place].addProduct(
          ofRows: padded, from: 0, and: distance, count: padded.rows - distance)
      } else {
        let chosen = (0..<number).flatMap { image in
          term.rows.flatMap { row in
            term.columns.map { image * pixels + row * paddedWidth + $0 }
          }
        }
        sums[place].addProduct(
          transposed: padded.selectingRows(chosen),
          padded.selectingRows(chosen.map { $0 + distance }))
      }
    }
    sum.addProduct(transposed: seen(number), padded)
    count += number * grid.positions
  }

  /// Which places of the window see each pixel, pixel × place.
  private func seen(_ number: Int) -> Matrix {
    var result = Matrix(rows: number * paddedHeight * paddedWidth, columns: sum.rows)
    for place in 0..<sum.rows {
      let rows = pixels(place / grid.kernelWidth, grid.top, grid.height, grid.outputHeight)
      let columns = pixels(place % grid.kernelWidth, grid.left, grid.width, grid.outputWidth)
      for image in 0..<number {
        for row in rows {
          for column in columns {
            result[(image * paddedHeight + row) * paddedWidth + column, place] = 1
          }
        }
      }
    }
    return result
  }

  /// The pixels along an axis that a place of the window sees.
  private func pixels(_ place: Int, _ before: Int, _ extent: Int, _ outputs: Int) -> Range<Int> {
    let first = max(0, place - before)
    return first..<max(first, min(extent, place - before + outputs))
  }

  /// The pixels along an axis that have another at a distance.
  private func whole(_ distance: Int, _ extent: Int) -> Range<Int> {
    let first = max(0, -distance)
    return first..<max(first, min(extent, extent - distance))
  }

  /// The sums along an axis that a pair of places is made of, with their signs.
  private func ranges(
    _ first: Int, _ second: Int, _ before: Int, _ extent: Int, _ outputs: Int
  ) -> [(sign: Double, range: Range<Int>)] {
    let whole = whole(second - first, extent)
    let wanted = pixels(first, before, extent, outputs).clamped(to: whole)
    if wanted.isEmpty || wanted == whole { return wanted.isEmpty ? [] : [(1, whole)] }
    guard wanted.count > whole.count - wanted.count else { return [(1, wanted)] }
    return [(1, whole), (-1, whole.lowerBound..<wanted.lowerBound)].filter { !$0.1.isEmpty }
      + [(-1, wanted.upperBound..<whole.upperBound)].filter { !$0.1.isEmpty }
  }

  private func parts(_ first: Int, _ second: Int) -> [(sign: Double, term: Term)] {
    let width = grid.kernelWidth
    let (i, j) = (first / width, first % width)
    let (k, l) = (second / width, second % width)
    let rows = ranges(i, k, grid.top, grid.height, grid.outputHeight)
    let columns = ranges(j, l, grid.left, grid.width, grid.outputWidth)
    return rows.flatMap { row in
      columns.map { column in
        (
          row.sign * column.sign,
          Term(dy: k - i, dx: l - j, rows: row.range, columns: column.range)
        )
      }
    }
  }

  /// Adds the moment of other images.
  ///
  /// - Precondition: the grids are the same.
  public mutating func merge(_ other: PatchMoment) {
    precondition(grid == other.grid, "moments of different windows")
    for place in sums.indices { sums[place].add(other.sums[place]) }
    sum.add(other.sum)
    count += other.count
  }

  /// Σ a.
  var totals: [Double] { sum.values }

  /// Σ a aᵀ in the upper triangle, for patches with so many further coordinates that are zero.
  func upperTriangle(extraCoordinates: Int = 0) -> Matrix {
    let (channels, size) = (grid.channels, grid.fanIn + extraCoordinates)
    var result = Matrix(rows: size, columns: size)
    result.values.withUnsafeMutableBufferPointer { values in
      for first in 0..<sum.rows {
        for second in first..<sum.rows {
          for (sign, term) in parts(first, second) {
            guard let place = places[term] else { continue }
            sums[place].values.withUnsafeBufferPointer { block in
              for row in 0..<channels {
                let target = (first * channels + row) * size + second * channels
                for column in (first == second ? row : 0)..<channels {
                  values[target + column] += sign * block[row * channels + column]
                }
              }
            }
          }
        }
      }
    }
    return result
  }
}
