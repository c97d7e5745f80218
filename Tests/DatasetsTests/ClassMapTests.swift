import Datasets
import Files
import TestSupport
import Testing

@Suite struct ClassMapTests {
  private func map(_ text: String) throws -> ClassMap {
    try withTemporaryFolder { folder in
      try AtomicFile.write(text, to: folder + "/map.tsv")
      return try ClassMap(reading: folder + "/map.tsv")
    }
  }

  @Test func `a file maps classes by number, and leaves the others out`() throws {
    let set = ExampleSet(
      name: "x", values: [0, 1, 2, 3, 4], exampleShape: [1], labels: [2, 0, 1, 2, 3])
    let mapped = try set.mapped(by: try map("# old, new\n2\t0\tcat\n3\t1\tdog\n\n0\t0\tcat\n"))
    #expect(mapped.labels == [0, 0, 0, 1])
    #expect(mapped.classNames == ["cat", "dog"])
    #expect(try mapped.values(0..<4) == [0, 1, 3, 4])
    #expect(mapped.identifiers == .numbers([0, 1, 3, 4]))
  }

  @Test(arguments: ["", "a 1", "a\tb", "a\t-1", "a\t1\na\t2", "a\t1\tx\nb\t1\ty", "a\t99999999"])
  func `a file that maps nothing, or something twice, is refused`(text: String) {
    #expect(throws: FileError.self) { try map(text) }
  }

  @Test func `the forty classes of DomainNet are found by name and never by number`() throws {
    let map = try #require(ClassMap(builtIn: "domainnet-40"))
    #expect(map.classCount == 40)
    #expect(Set(map.classNames ?? []).count == 40)
    #expect(map.target(of: 334, named: "zebra") == nil)
    #expect(map.target(of: 4, named: nil) == nil)
    #expect(map.target(of: 4, named: "ambulance") == 1)
    #expect(map.target(of: 90, named: "donut") == 39)
  }

  @Test func `a map that leaves nothing is an error`() throws {
    let set = ExampleSet(name: "x", values: [0, 1], exampleShape: [1], labels: [2, 0])
    #expect(throws: FileError.self) { try set.mapped(by: try map("7\t0")) }
    let unlabelled = ExampleSet(name: "x", values: [0, 1], exampleShape: [1])
    #expect(throws: FileError.self) { try unlabelled.mapped(by: try map("0\t0")) }
  }
}
