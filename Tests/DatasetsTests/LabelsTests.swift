import Datasets
import Files
import TestSupport
import Testing

@Suite struct LabelsTests {
  private func opening(
    images: Int = 20, labels: [UInt8], type: UInt8 = 8, classCount: Int? = nil,
    _ body: (_ open: () throws -> ExampleSet, _ labelsPath: String) throws -> Void
  ) throws {
    try withTemporaryFolder { folder in
      let (x, y) = ("\(folder)/images", "\(folder)/labels.gz")
      try AtomicFile.write(
        idx([UInt32(images), 2], [UInt8](repeating: 1, count: 2 * images)), to: x)
      try AtomicFile.write(
        try gzipped(idx(type: type, [UInt32(type == 8 ? labels.count : labels.count / 4)], labels)),
        to: y)
      try body({ try ExampleSet.open(x, labels: y, classCount: classCount) }, y)
    }
  }

  @Test func `labels come from a file of their own`() throws {
    try opening(labels: (0..<20).map { $0 % 10 }) { open, _ throws in
      let set = try open()
      #expect(set.labels == (0..<20).map { $0 % 10 })
      #expect(set.classCount == 10)
    }
  }

  @Test func `the number of classes may be stated`() throws {
    try opening(labels: [UInt8](repeating: 1, count: 20), classCount: 10) { open, _ throws in
      #expect(try open().classCount == 10)
    }
  }

  @Test func `a label outside the classes is named with its row`() throws {
    var labels = [UInt8](repeating: 3, count: 20)
    labels[17] = 12
    try opening(labels: labels, classCount: 10) { open, path throws in
      let error = #expect(throws: FileError.self) { try open() }
      #expect(error?.description == "\(path): row 17: label 12 is outside the classes 0…9")
    }
  }

  @Test func `a negative label is named with its row`() throws {
    try opening(images: 2, labels: [0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF], type: 0x0C) {
      open, path throws in
      let error = #expect(throws: FileError.self) { try open() }
      #expect(error?.description == "\(path): row 1: label -1 is not the number of a class")
    }
  }

  @Test func `a label that is not whole is named with its row`() throws {
    // 1.0 and 1.5 in single precision.
    try opening(images: 2, labels: [0x3F, 0x80, 0, 0, 0x3F, 0xC0, 0, 0], type: 0x0D) {
      open, path throws in
      let error = #expect(throws: FileError.self) { try open() }
      #expect(error?.description == "\(path): row 1: not a whole number")
    }
  }

  @Test func `another number of labels than examples is refused`() throws {
    try opening(labels: [1, 2, 3]) { open, path throws in
      let error = #expect(throws: FileError.self) { try open() }
      #expect(error?.path == path)
      #expect(error?.reason.hasPrefix("3 labels for the 20 examples of ") == true)
    }
  }

  @Test(arguments: [0, -1])
  func `a set has at least one class`(count: Int) throws {
    try opening(labels: [0]) { _, path throws in
      let error = #expect(throws: FileError.self) { try ExampleSet.open(path, classCount: count) }
      #expect(error?.reason == "a set cannot have \(count) classes")
    }
  }

  @Test func `images are no labels`() throws {
    let path = fixture("f4.npy")
    let error = #expect(throws: FileError.self) { try ExampleSet.open(path, labels: path) }
    #expect(error?.reason == "3 × 2 × 2 numbers are no list of labels")
  }

  @Test(arguments: ["vector.npy"])
  func `labels of eight bytes are read exactly`(name: String) throws {
    let set = try ExampleSet.open(fixture("f4.npy"), labels: fixture(name))
    #expect(set.labels == [0, 1, 2])
  }
}
