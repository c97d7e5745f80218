import Datasets
import Files
import Foundation
import TestSupport
import Testing

@Suite struct ReadAheadTests {
  @Test(arguments: [1, 2, 5], [1, 2, 7])
  func `batches come whole and in order, whatever the threads`(threads: Int, size: Int) throws {
    try withTemporaryFolder { folder in
      let names = ["rgb.jpg", "rgb.png", "progressive.jpg", "cmyk.jpg", "turned.jpg"]
      let set = try ExampleSet.open(
        ImageFixtures.list(
          (0..<17).map { ImageFixtures.path(names[$0 % names.count]) }, in: folder))
      let expected = try set.values(0..<17)
      var found: [Float] = []
      var next = 0
      try set.eachBatch(size: size, threads: threads) { rows, values in
        #expect(rows == next..<min(next + size, 17))
        next = rows.upperBound
        found += values
      }
      #expect(found == expected)
    }
  }

  @Test func `the first example that cannot be read is the one that is named`() throws {
    try withTemporaryFolder { folder in
      let paths = (0..<40).map { index in
        [13, 14, 30].contains(index) ? "\(folder)/missing\(index)" : ImageFixtures.path("rgb.png")
      }
      let set = try ExampleSet.open(ImageFixtures.list(paths, in: folder))
      for _ in 0..<5 {
        var seen = 0
        let error = #expect(throws: FileError.self) {
          try set.eachBatch(size: 4, threads: 3) { rows, _ in seen += rows.count }
        }
        #expect(error?.path == "\(folder)/missing13")
        #expect(seen == 12)
      }
    }
  }

  @Test func `what the user of a batch throws ends it`() throws {
    struct Stop: Error {}
    let set = ExampleSet(
      name: "x", values: (0..<100).map { Float($0) }, exampleShape: [1])
    #expect(throws: Stop.self) {
      try set.eachBatch(size: 3, threads: 2) { rows, values in
        #expect(Array(values) == rows.map { Float($0) })
        if rows.contains(50) { throw Stop() }
      }
    }
  }

  @Test func `an example that is not finite is named`() throws {
    let set = ExampleSet(name: "x", values: [1, 2, .nan, 4], exampleShape: [1])
    let error = #expect(throws: FileError.self) { try set.eachBatch(size: 2) { _, _ in } }
    #expect(error?.object == "example 2")
  }
}
