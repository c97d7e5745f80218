import Hypothesis
import Randomness
import Reports
import Testing

@Suite struct PositionSampleTests {
  /// The mean energy of sampled positions, and the error it says it has, for 20 examples of 50
  /// positions whose energies lie far apart.
  private func sampled(_ count: Int, seed: UInt64) -> (mean: Double, truth: Double, error: Double?)
  {
    var generator = SeededGenerator(seed: 3, "values")
    var sample = PositionSample(count, of: 50, seed: seed, name: "layer")
    var (sum, whole) = (0.0, 0.0)
    for _ in 0..<20 {
      let values = (0..<100).map { _ in Float.random(in: 0...2, using: &generator) }
      whole += values.reduce(0) { $0 + Double($1) * Double($1) } / 50
      let rows = sample.next().flatMap { values[2 * $0..<2 * $0 + 2] }
      sum += rows.reduce(0) { $0 + Double($1) * Double($1) } / Double(count)
      rows.withUnsafeBufferPointer { sample.add($0, fanIn: 2) }
    }
    return (sum / 20, whole / 20, sample.relativeError)
  }

  @Test func `positions are chosen without repetition, by the seed and the layer`() {
    var (a, b) = (
      PositionSample(7, of: 20, seed: 1, name: "a"), PositionSample(7, of: 20, seed: 1, name: "b")
    )
    var again = PositionSample(7, of: 20, seed: 1, name: "a")
    var seen: Set<Int> = []
    for _ in 0..<40 {
      let chosen = a.next()
      #expect(Set(chosen).count == 7 && chosen == chosen.sorted())
      #expect(chosen.allSatisfy { 0..<20 ~= $0 })
      #expect(chosen == again.next())
      seen.formUnion(chosen)
    }
    #expect(seen.count == 20)
    #expect((0..<40).contains { _ in a.next() != b.next() })
  }

  @Test func `the error that is stated is the error that is made`() throws {
    var (squares, stated, sum) = (0.0, 0.0, 0.0)
    for seed in 0..<UInt64(400) {
      let found = sampled(5, seed: seed)
      let error = found.mean / found.truth - 1
      sum += error
      squares += error * error
      stated += try #require(found.error)
    }
    let made = (squares / 400).squareRoot()
    // 400 trials know a deviation to 4 %, and the mean error to a twentieth of it.
    #expect(abs(stated / 400 / made - 1) < 0.15)
    #expect(abs(sum / 400) < 4 * made / 20)
  }

  @Test func `all positions have no error, and one position tells none`() {
    let all = sampled(50, seed: 1)
    #expect(all.error == 0 && abs(all.mean / all.truth - 1) < 1e-12)
    #expect(sampled(1, seed: 1).error == nil)
  }

  @Test func `every column of the tables is in the dictionary, with its unit and convention`() {
    let tables = DistortionTables().all
    let entries = DataDictionary(tables).table.rows
    for table in tables {
      let header = table.csv.prefix { !$0.isNewline }.split(separator: ",").map(String.init)
      let listed = entries.filter { $0[0] == .text(table.name) }
      #expect(listed.map(\.[1]) == header.map { .text($0) })
      for column in table.columns {
        #expect(!column.meaning.isEmpty)
        let line = listed.first { $0[1] == .text(column.name) }
        #expect(line?[3] == .text(column.unit) && line?[4] == .text(column.convention))
        // Angles have a unit; whatever is squared and summed says by what it was divided.
        if column.name.contains("angle") || column.name == "geodesic" || column.name == "floor" {
          #expect(column.unit == "rad")
        }
        if column.name.hasSuffix("_energy") || column.name.hasSuffix("variance")
          || column.name == "id_change" || column.name == "ood_change"
        {
          #expect(column.convention.contains("1/n"))
        }
      }
    }
  }
}
