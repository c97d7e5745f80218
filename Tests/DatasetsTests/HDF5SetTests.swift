import Datasets
import Files
import HDF5
import TestSupport
import Testing

@Suite struct HDF5SetTests {
  /// /train/{data,target}, /test/{data,target} and a note, as USPS is published.
  private func withFile<R>(_ body: (String) throws -> R) throws -> R {
    try withTemporaryFolder { folder in
      let path = "\(folder)/set.h5"
      try File.create(path) { root in
        let train = try root.createGroup("train")
        try train.write("data", shape: [4, 2, 3], (0..<24).map { Float($0) }, deflate: 4)
        try train.write("target", shape: [4], [3, 1, 0, 1] as [Int64])
        let test = try root.createGroup("test")
        try test.write("data", shape: [2, 2, 3], (0..<12).map { UInt8($0) })
        try test.write("target", shape: [2, 1], [1, 0] as [Int32])
        try test.write("ids", ["seven", "nine"])
        try root.write("note", ["hello"])
      }
      return try body(path)
    }
  }

  @Test func `an array is found by its path, with the labels beside it`() throws {
    try withFile { path throws in
      let set = try ExampleSet.open("\(path)::/train/data")
      #expect(set.count == 4)
      #expect(set.exampleShape == [2, 3, 1])
      #expect(set.labels == [3, 1, 0, 1])
      #expect(set.classCount == 4)
      #expect(set.identifiers == .rowNumbers(4))
      #expect(set.elementKind == .float32)
      #expect(try set.values(1..<3) == (6..<18).map { Float($0) })
      #expect(try set.values(at: [3, 0, 1]) == (Array(18..<24) + Array(0..<12)).map { Float($0) })
    }
  }

  @Test func `five axes are volumes, which stay as they are`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/x.h5"
      let values = (0..<2 * 4 * 3 * 5 * 6).map { Float($0) }
      try File.create(path) { root in try root.write("x", shape: [2, 4, 3, 5, 6], values) }
      let set = try ExampleSet.open(path)
      #expect(set.exampleShape == [4, 3, 5, 6])
      #expect(try set.values(0..<2) == values)
    }
  }

  @Test func `whole numbers of every size are read`() throws {
    func check<T: Element & FixedWidthInteger>(_: T.Type, _ kind: ElementKind) throws {
      try withTemporaryFolder { folder in
        let path = "\(folder)/x.h5"
        let values = [T.min, T.max, 0, 7]
        try File.create(path) { root in try root.write("x", shape: [2, 2], values) }
        let set = try ExampleSet.open(path)
        #expect(set.elementKind == kind)
        #expect(try set.values(0..<2) == values.map { Float($0) })
        #expect(try set.values(1..<2) == [0, 7])
      }
    }
    try check(UInt8.self, .uint8)
    try check(Int8.self, .int8)
    try check(UInt16.self, .uint16)
    try check(Int16.self, .int16)
    try check(Int32.self, .int32)
    try check(Int64.self, .int64)
  }

  @Test func `identifiers beside the array name the examples`() throws {
    try withFile { path throws in
      let set = try ExampleSet.open("\(path)::test/data")
      #expect(set.labels == [1, 0])
      #expect(set.identifiers == .names(["seven", "nine"]))
      #expect(set.subset([1]).identifiers[0] == "nine")
    }
  }

  @Test func `labels can be named in the same file and in another`() throws {
    try withFile { path throws in
      #expect(
        try ExampleSet.open("\(path)::/train/data", labels: "::/train/target").labels
          == [3, 1, 0, 1])
      let error = #expect(throws: FileError.self) {
        try ExampleSet.open("\(path)::/train/data", labels: "\(path)::/test/target")
      }
      #expect(
        error?.description
          == "\(path): /test/target: 2 labels for the 4 examples of \(path)::/train/data")
    }
  }

  @Test func `a label outside the classes is named with dataset and row`() throws {
    try withFile { path throws in
      let error = #expect(throws: FileError.self) {
        try ExampleSet.open("\(path)::/train/data", classCount: 3)
      }
      #expect(
        error?.description == "\(path): /train/target: row 0: label 3 is outside the classes 0…2")
    }
  }

  @Test func `with several arrays the user is asked which`() throws {
    try withFile { path throws in
      let error = #expect(throws: FileError.self) { try ExampleSet.open(path) }
      #expect(error?.reason.contains("\(path)::/train/data") == true)
      #expect(error?.reason.contains("\(path)::/test/data") == true)
    }
  }

  @Test func `with one array it need not be named`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/one.h5"
      try File.create(path) { root in
        try root.write("pixels", shape: [1, 2, 2, 3], (0..<12).map { Float($0) })
        try root.write("y", shape: [1], [0] as [Int64])
      }
      let set = try ExampleSet.open(path)
      #expect(set.exampleShape == [2, 2, 3])
      #expect(set.labels == [0])
    }
  }

  @Test func `labels that are no list of numbers are not guessed`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/text.h5"
      try File.create(path) { root in
        try root.write("data", shape: [2, 1], [0, 1] as [Float])
        try root.write("labels", ["cat", "dog"])
      }
      #expect(try ExampleSet.open(path).labels == nil)
      let error = #expect(throws: FileError.self) {
        try ExampleSet.open(path, labels: "::/labels")
      }
      #expect(error?.description == "\(path): /labels: holds string, not numbers")
    }
  }

  @Test func `labels that claim more than memory holds are not read`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/claim.h5"
      try File.create(path) { root in
        try root.write("data", shape: [2, 1], [0, 1] as [Float])
        _ = try root.create("labels", shape: [1 << 40], of: Int64.self, deflate: 1)
      }
      let error = #expect(throws: FileError.self) { try ExampleSet.open("\(path)::/data") }
      #expect(error?.reason == "1099511627776 labels for the 2 examples of \(path)::/data")
    }
  }

  @Test func `examples that claim more than memory holds are refused when they are read`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/claim.h5"
      try File.create(path) { root in
        _ = try root.create("data", shape: [1 << 40, 4], of: Float.self, deflate: 1)
      }
      let set = try ExampleSet.open(path)
      let error = #expect(throws: FileError.self) { try set.loaded() }
      #expect(error?.reason.contains("claims 17592186044416 bytes") == true)
      #expect(error?.object == "/data")
    }
  }

  @Test func `what holds no numbers is refused by name`() throws {
    try withFile { path throws in
      let text = #expect(throws: FileError.self) { try ExampleSet.open("\(path)::/note") }
      #expect(text?.description == "\(path): /note: holds string, not numbers")
      let missing = #expect(throws: FileError.self) { try ExampleSet.open("\(path)::/nothing") }
      #expect(missing?.path == path)
      #expect(missing?.object?.contains("nothing") == true)
    }
  }

  @Test func `an empty set is refused`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/empty.h5"
      try File.create(path) { root in try root.write("images", shape: [0, 2, 2], [] as [Float]) }
      #expect(
        throws: FileError(path: path, object: "/images", reason: "the set holds no examples")
      ) { try ExampleSet.open(path) }
    }
  }

  @Test func `the digits that come with the package are a set`() throws {
    let path = fixture("../../../samples/digits.h5")
    let set = try ExampleSet.open("\(path)::/images")
    #expect(set.count == 1797)
    #expect(set.exampleShape == [8, 8, 1])
    #expect(set.elementKind == .uint8)
    #expect(set.classCount == 10)
    #expect(set.labels?.prefix(5) == [0, 1, 2, 3, 4])
    // The first image of the set, as scikit-learn's documentation prints its first row.
    #expect(try set.values(0..<1).prefix(8) == [0, 0, 5, 13, 9, 1, 0, 0])
    let values = try set.values(0..<1797)
    #expect(values.min() == 0 && values.max() == 16)
  }
}

@Suite struct FeatureFileTests {
  private let provenance = FeatureProvenance(
    checkpoint: "a.h5", checkpointDigest: "abc", set: "usps.h5::/test/data", tap: "penultimate",
    preprocessing: "scale 0.5 shift -1", version: "1.0.0")

  @Test(arguments: [
    ExampleIdentifiers.rowNumbers(5), .numbers([5, 4, 3, 2, 1]), .names(["a", "b", "c", "d", "ü"]),
  ])
  func `what is written in blocks is read back with its provenance`(
    identifiers: ExampleIdentifiers
  ) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/f.h5"
      var asked: [Range<Int>] = []
      try FeatureFile.write(
        to: path, width: 3, labels: [0, 1, 2, 1, 0], identifiers: identifiers,
        provenance: provenance, blockRows: 2
      ) { rows in
        asked.append(rows)
        return rows.flatMap { row in (0..<3).map { Float(row) + Float($0) / 8 } }
      }
      #expect(asked == [0..<2, 2..<4, 4..<5])
      let file = try FeatureFile.open(path)
      #expect(file.provenance == provenance)
      #expect(file.features.labels == [0, 1, 2, 1, 0])
      #expect(file.features.identifiers == identifiers)
      #expect(file.features.exampleShape == [3])
      #expect(try file.features.values(3..<5) == [3, 3.125, 3.25, 4, 4.125, 4.25])
    }
  }

  @Test func `the file holds exactly the datasets that are promised`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/f.h5"
      try FeatureFile.write(
        to: path, width: 1, labels: nil, identifiers: .rowNumbers(2), provenance: provenance
      ) { $0.map { Float($0) } }
      let root = try File(readingAt: path).root
      #expect(try root.entries().map(\.name).sorted() == ["features", "ids"])
      let features = try root.dataset("features")
      #expect(features.shape == [2, 1] && features.elementType == .float32)
      #expect(try root.attribute("checkpoint_digest")?.string == "abc")
      #expect(try FeatureFile.open(path).features.labels == nil)
    }
  }

  @Test func `a failure half way leaves nothing behind`() throws {
    struct Stop: Error {}
    try withTemporaryFolder { folder in
      let path = "\(folder)/f.h5"
      #expect(throws: Stop.self) {
        try FeatureFile.write(
          to: path, width: 1, labels: nil, identifiers: .rowNumbers(4), provenance: provenance,
          blockRows: 2
        ) { rows in
          if rows.lowerBound > 0 { throw Stop() }
          return rows.map { Float($0) }
        }
      }
      #expect(throws: FileError.self) { try FeatureFile.open(path) }
    }
  }

  @Test func `an .npy file of vectors serves as features`() throws {
    let file = try FeatureFile.open(fixture("negative_f2.npy"))
    #expect(file.features.exampleShape == [2])
    #expect(file.provenance.checkpoint == "")
  }

  @Test func `images are no features`() {
    let path = fixture("f4.npy")
    #expect(
      throws: FileError(path: path, reason: "holds images, not features; features are n × d")
    ) { try FeatureFile.open(path) }
  }
}
