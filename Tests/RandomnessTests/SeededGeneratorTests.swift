import Randomness
import Testing

@Suite struct SeededGeneratorTests {
  private static let published: [UInt64] = [
    0xafdfd951061f375b,
    0x8900f040f43bc57b,
    0x9c13f020a8f8e398,
  ]

  @Test func `the same seed and name give the same bits`() {
    var (a, b) = (SeededGenerator(seed: 7, "order"), SeededGenerator(seed: 7, "order"))
    for _ in 0..<100 { #expect(a.next() == b.next()) }
  }

  @Test func `the bits are those of the published algorithm on every machine`() {
    // Computed from the definitions of FNV-1a, SplitMix64 and xoshiro256★★ in Python.
    var generator = SeededGenerator(seed: 7, "order")
    #expect((0..<3).map { _ in generator.next() } == Self.published)
  }

  @Test func `another name or another seed gives another stream`() {
    func first(_ seed: UInt64, _ name: String) -> [UInt64] {
      var generator = SeededGenerator(seed: seed, name)
      return (0..<4).map { _ in generator.next() }
    }
    let streams = [first(7, "order"), first(7, "head"), first(8, "order"), first(0, "")]
    #expect(Set(streams).count == 4)
  }

  @Test func `indices below a bound are uniform and all reached`() {
    var generator = SeededGenerator(seed: 1, "indices")
    var counts = [Int](repeating: 0, count: 7)
    for _ in 0..<70_000 { counts[generator.index(below: 7)] += 1 }
    // Standard deviation of a count is √(70000 · 1/7 · 6/7) ≈ 93; five of them.
    for count in counts { #expect(abs(count - 10_000) < 465) }
  }

  @Test func `normal draws have the moments of the normal distribution`() {
    var generator = SeededGenerator(seed: 2, "normals")
    let draws = generator.normals(200_000)
    let number = Double(draws.count)
    let mean = draws.reduce(0, +) / number
    let variance = draws.reduce(0) { $0 + $1 * $1 } / number
    let fourth = draws.reduce(0) { $0 + $1 * $1 * $1 * $1 } / number
    let beyondTwo = Double(draws.count { abs($0) > 2 }) / number
    #expect(abs(mean) < 0.012)
    #expect(abs(variance - 1) < 0.016)
    #expect(abs(fourth - 3) < 0.11)
    #expect(abs(beyondTwo - 0.0455) < 0.0024)
  }

  @Test(arguments: [0, 1, 2, 50])
  func `a permutation holds every number once`(count: Int) {
    var generator = SeededGenerator(seed: 3, "permutation")
    #expect(generator.permutation(count).sorted() == Array(0..<count))
  }
}
