import Datasets
import Files
import Foundation
import TestSupport
import Testing

@Suite struct ImageStyleTests {
  /// ```
  /// 1 2 3
  /// 4 5 6
  /// 7 8 9
  /// ```
  static let square: [Float] = [1, 2, 3, 4, 5, 6, 7, 8, 9]

  private func apply(_ style: ImageStyle, _ image: [Float] = square, seed: UInt64 = 0, row: Int = 0)
    -> [Float]
  {
    let side = Int(Double(image.count).squareRoot())
    return style.applied(to: image[...], height: side, width: side, seed: seed, row: row)
  }

  @Test(
    arguments: [
      (ImageStyle.identity, [1, 2, 3, 4, 5, 6, 7, 8, 9]),
      (.rot90, [3, 6, 9, 2, 5, 8, 1, 4, 7]),
      (.rot180, [9, 8, 7, 6, 5, 4, 3, 2, 1]),
      (.rot270, [7, 4, 1, 8, 5, 2, 9, 6, 3]),
      (.flipLeftRight, [3, 2, 1, 6, 5, 4, 9, 8, 7]),
      (.flipUpDown, [7, 8, 9, 4, 5, 6, 1, 2, 3]),
      (.transpose, [1, 4, 7, 2, 5, 8, 3, 6, 9]),
      (.antiTranspose, [9, 6, 3, 8, 5, 2, 7, 4, 1]),
      (.invert, [0, -1, -2, -3, -4, -5, -6, -7, -8]),
    ] as [(ImageStyle, [Float])])
  func `a small square shows where each value goes`(style: ImageStyle, result: [Float]) {
    #expect(apply(style) == result)
  }

  @Test func `blur is the mean around, brightened, with zeros outside`() {
    let blurred = apply(.blur)
    #expect(abs(blurred[4] - 1.6 * 5) < 1e-6)
    #expect(abs(blurred[0] - 1.6 * Float(1 + 2 + 4 + 5) / 9) < 1e-6)
  }

  @Test func `edge is the sum of both differences, at most one`() {
    #expect(apply(.edge, [0, 0.25, 0.5, 0.5]) == [0.75, 0.5, 0.5, 1])
  }

  @Test func `low contrast presses values into a narrow range`() {
    #expect(apply(.lowContrast, [0, 1, 0.5, 0]) == [0.4, 0.75, 0.575, 0.4])
  }

  @Test func `styles agree with NumPy`() throws {
    let data = try Data(contentsOf: URL(filePath: fixture("styles.json")))
    let expected = try JSONDecoder().decode([String: [Float]].self, from: data)
    let image = try #require(expected["identity"])
    #expect(Set(expected.keys) == Set(ImageStyle.allCases.filter { !$0.isRandom }.map(\.rawValue)))
    for (name, values) in expected {
      let style = try #require(ImageStyle(rawValue: name))
      // Sums of nine values in another order may differ in the last places.
      for (a, b) in zip(apply(style, image), values) { #expect(abs(a - b) < 1e-6) }
    }
  }

  @Test func `the symmetries of the square form a group`() {
    var results: Set<[Float]> = []
    for first in ImageStyle.dihedral {
      for second in ImageStyle.dihedral { results.insert(apply(second, apply(first))) }
    }
    #expect(results.count == 8)
    #expect(Set(ImageStyle.dihedral.map { apply($0) }) == results)
    #expect(apply(.rot90, apply(.rot270)) == Self.square)
  }

  @Test func `a shift moves by one pixel at most and loses nothing`() {
    var seen: Set<[Float]> = []
    for row in 0..<300 {
      let shifted = apply(.shift, row: row)
      #expect(shifted.sorted() == Self.square)
      seen.insert(shifted)
    }
    #expect(seen.count == 9)
    #expect(seen.contains([9, 7, 8, 3, 1, 2, 6, 4, 5]))
  }

  @Test func `noise is normal with deviation 0.3`() {
    let image = [Float](repeating: 0.5, count: 10_000)
    let noise = apply(.noise, image).map { Double($0) - 0.5 }
    let mean = noise.reduce(0, +) / 10_000
    let deviation = (noise.reduce(0) { $0 + $1 * $1 } / 10_000).squareRoot()
    // Four standard errors of 10,000 draws.
    #expect(abs(mean) < 4 * 0.003)
    #expect(abs(deviation - 0.3) < 4 * 0.3 / 20_000.0.squareRoot())
  }

  @Test(arguments: [ImageStyle.noise, .shift, .rot90])
  func `blocks of any size give the same images`(style: ImageStyle) throws {
    let set = ExampleSetTests.ten.styled(style, seed: 5)
    let whole = try set.values(0..<10)
    let parts = try Batches.inOrder(10, size: 3).flatMap { try set.values($0) }
    #expect(whole == parts)
    #expect(try set.values(at: [7]) == Array(whole[28..<32]))
    let other = try ExampleSetTests.ten.styled(style, seed: 6).values(0..<10)
    #expect((other == whole) == !style.isRandom)
  }

  @Test func `a style that the examples cannot have is an error, not the end`() throws {
    let wide = ExampleSet(name: "wide", values: [1, 2], exampleShape: [1, 2, 1])
    #expect(try wide.styled(.flipLeftRight).values(0..<1) == [2, 1])
    #expect(
      throws: FileError(
        path: "wide", reason: "style rot90 needs square images, not 1 × 2 × 1 values")
    ) { try wide.styled(.rot90).values(0..<1) }
    let vectors = ExampleSet(name: "vectors", values: [1, 2], exampleShape: [2])
    #expect(
      throws: FileError(path: "vectors", reason: "style blur needs images, not 2 values")
    ) { try vectors.styled(.blur).values(0..<1) }
  }

  @Test func `channels move together`() {
    let image: [Float] = [1, 10, 2, 20, 3, 30, 4, 40]
    #expect(
      ImageStyle.flipLeftRight.applied(to: image[...], height: 2, width: 2, channels: 2)
        == [2, 20, 1, 10, 4, 40, 3, 30])
  }
}
