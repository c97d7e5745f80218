import Geometry
import LinearAlgebra
import Randomness
import Testing

@Suite struct PatchMomentTests {
  private static let grids = [
    // What a 3×3 window sees of images with zeros around, as ResNet has it.
    PatchGrid(
      channels: 3, height: 7, width: 6, kernelHeight: 3, kernelWidth: 3, top: 1, left: 1,
      outputHeight: 7, outputWidth: 6),
    // No zeros around.
    PatchGrid(
      channels: 2, height: 9, width: 5, kernelHeight: 3, kernelWidth: 2, top: 0, left: 0,
      outputHeight: 7, outputWidth: 4),
    // An even window: more zeros after than before.
    PatchGrid(
      channels: 4, height: 5, width: 5, kernelHeight: 2, kernelWidth: 4, top: 0, left: 1,
      outputHeight: 5, outputWidth: 5),
    // A window larger than the image, and more zeros than it is wide.
    PatchGrid(
      channels: 2, height: 2, width: 3, kernelHeight: 5, kernelWidth: 5, top: 2, left: 4,
      outputHeight: 2, outputWidth: 7),
    PatchGrid(
      channels: 5, height: 1, width: 8, kernelHeight: 1, kernelWidth: 3, top: 0, left: 1,
      outputHeight: 1, outputWidth: 8),
  ]

  /// The patches themselves.
  private func patches(_ grid: PatchGrid, _ images: [Float], count: Int) -> Matrix {
    var rows: [[Double]] = []
    for image in 0..<count {
      for y in 0..<grid.outputHeight {
        for x in 0..<grid.outputWidth {
          var patch: [Double] = []
          for i in 0..<grid.kernelHeight {
            for j in 0..<grid.kernelWidth {
              let (row, column) = (y + i - grid.top, x + j - grid.left)
              for channel in 0..<grid.channels {
                let isInside = 0..<grid.height ~= row && 0..<grid.width ~= column
                let pixel = (image * grid.height + row) * grid.width + column
                patch.append(isInside ? Double(images[pixel * grid.channels + channel]) : 0)
              }
            }
          }
          rows.append(patch)
        }
      }
    }
    return Matrix(rows)
  }

  @Test(arguments: grids, [false, true])
  func `sums by distances are the second moment of the patches`(grid: PatchGrid, bias: Bool) throws
  {
    var generator = SeededGenerator(seed: 1, "images")
    // So many images that they are taken in several goes.
    let count = 4096 / (grid.height * grid.width) / 2 + 3
    let pixels = count * grid.height * grid.width
    let images = Matrix.normal(rows: pixels, columns: grid.channels, using: &generator)
      .values.map { Float($0 + 1) }
    var sums = PatchMoment(grid)
    for part in [0..<2, 2..<count] {
      let size = grid.height * grid.width * grid.channels
      try images[part.lowerBound * size..<part.upperBound * size].withUnsafeBufferPointer {
        try sums.add(images: $0, count: part.count)
      }
    }
    #expect(sums.count == count * grid.positions)
    let rows = patches(grid, images, count: count)
    var direct = InputMoment(fanIn: grid.fanIn, includesBias: bias, precision: .half)
    try direct.add(rows: rows)
    let found = InputMoment(sums, includesBias: bias)
    #expect(found.width == direct.width && found.count == direct.count)
    #expect(difference(found.secondMoment.values, direct.secondMoment.values) < 1e-12)
    #expect(difference(found.mean, direct.mean) < 1e-12)
    var merged = found
    try merged.merge(direct)
    #expect(difference(merged.secondMoment.values, direct.secondMoment.values) < 1e-12)
    // Energies along directions are those of the moment's quadratic form.
    let directions = Matrix.normal(rows: direct.width, columns: 3, using: &generator)
    let energies = direct.energies(along: directions)
    for column in 0..<3 {
      let single = directions[columns: column..<column + 1]
      #expect(abs(energies[column] / direct.meanSquaredOutput(of: single) - 1) < 1e-12)
    }
  }

  @Test func `sums of other images are added, and what is not finite or missing is an error`()
    throws
  {
    let grid = Self.grids[0]
    let size = grid.height * grid.width * grid.channels
    let images = (0..<2 * size).map { Float($0 % 11) - 4 }
    func sums(_ range: Range<Int>) throws -> PatchMoment {
      var sums = PatchMoment(grid)
      try images[range.lowerBound * size..<range.upperBound * size].withUnsafeBufferPointer {
        try sums.add(images: $0, count: range.count)
      }
      return sums
    }
    var merged = try sums(0..<1)
    merged.merge(try sums(1..<2))
    let (found, whole) = (InputMoment(merged), InputMoment(try sums(0..<2)))
    #expect(difference(found.secondMoment.values, whole.secondMoment.values) < 1e-12)
    let (short, broken) = ([Float](repeating: 0, count: 3), [Float](repeating: .nan, count: size))
    #expect(throws: GeometryError.valueCount(expected: size, found: 3)) {
      try short.withUnsafeBufferPointer { try merged.add(images: $0, count: 1) }
    }
    #expect(throws: GeometryError.notFinite(side: "inputs", row: 0)) {
      try broken.withUnsafeBufferPointer { try merged.add(images: $0, count: 1) }
    }
  }
}
