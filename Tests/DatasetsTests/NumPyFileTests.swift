import Datasets
import Files
import Foundation
import TestSupport
import Testing

@Suite struct NumPyFileTests {
  static let numbers = (0..<12).map { Float($0) }

  @Test(arguments: [
    ("i1", ElementKind.int8), ("u1", .uint8), ("i2", .int16), ("i2_big", .int16), ("u2", .uint16),
    ("u2_big", .uint16), ("i4", .int32), ("i4_big", .int32), ("u4", .uint32), ("u4_big", .uint32),
    ("i8", .int64), ("i8_big", .int64), ("u8", .uint64), ("u8_big", .uint64), ("f2", .float16),
    ("f2_big", .float16), ("f4", .float32), ("f4_big", .float32), ("f8", .float64),
    ("f8_big", .float64), ("fortran_f4", .float32), ("fortran_i2_big", .int16),
    ("version1", .float32), ("version2", .float32), ("version3", .float32),
  ])
  func `what NumPy saved is read in every type, byte order and version`(
    name: String, kind: ElementKind
  ) throws {
    let set = try ExampleSet.open(fixture("\(name).npy"))
    #expect(set.count == 3)
    #expect(set.exampleShape == [2, 2, 1])
    #expect(set.elementKind == kind)
    #expect(try set.values(0..<3) == Self.numbers)
    #expect(try set.values(1..<2) == [4, 5, 6, 7])
    #expect(try set.values(2..<3) == [8, 9, 10, 11])
    #expect(try set.values(1..<1) == [])
  }

  @Test func `truth values are zero and one`() throws {
    let set = try ExampleSet.open(fixture("b1.npy"))
    #expect(set.elementKind == .bool)
    #expect(try set.values(0..<3) == [0] + [Float](repeating: 1, count: 11))
  }

  @Test func `half precision is read exactly, subnormal and infinite numbers too`() throws {
    let values = try ExampleSet.open(fixture("negative_f2.npy")).values(0..<3)
    #expect(values == [-1.5, 0.0999755859375, 65504, 0x1p-24, .infinity, 0])
    #expect(values[5].sign == .minus)
  }

  @Test(arguments: [
    (
      "scalar",
      "single numbers are no examples; n × d, n × height × width, "
        + "n × height × width × channels or n × depth × height × width × channels are"
    ),
    (
      "vector",
      "3 numbers are no examples; n × d, n × height × width, "
        + "n × height × width × channels or n × depth × height × width × channels are"
    ),
    ("empty", "the set holds no examples"),
    ("text", "not a readable .npy file: it holds text, not numbers"),
    ("complex", "not a readable .npy file: it holds complex numbers"),
    ("records", "not a readable .npy file: it holds records, not numbers"),
    (
      "objects",
      "not a readable .npy file: it holds Python objects, which are never loaded; save its arrays "
        + "with numpy.savez"
    ),
  ])
  func `what is no set of examples is refused in one line`(name: String, reason: String) {
    let path = fixture("\(name).npy")
    #expect(throws: FileError(path: path, reason: reason)) { try ExampleSet.open(path) }
  }

  static func file(header: String, version: UInt8 = 1, length: Int? = nil, data: Int = 0) -> [UInt8]
  {
    let length = length ?? header.utf8.count
    let lengthBytes = (0..<(version == 1 ? 2 : 4)).map {
      UInt8(truncatingIfNeeded: length >> (8 * $0))
    }
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + lengthBytes + Array(header.utf8)
      + [UInt8](repeating: 0, count: data)
  }

  static func header(_ shape: String, descr: String = "'<f4'", order: String = "False") -> String {
    "{'descr': \(descr), 'fortran_order': \(order), 'shape': \(shape), }\n"
  }

  static let falseClaims: [(shape: String, bytes: Int, reason: String)] = [
    ("(2, 3)", 23, "2 × 3 float32 numbers, which are 24 bytes, but 23 bytes follow"),
    ("(2, 3)", 25, "2 × 3 float32 numbers, which are 24 bytes, but 25 bytes follow"),
    (
      "(4611686018427387904, 4)", 16,
      "4611686018427387904 × 4 numbers, more than any memory holds"
    ),
    (
      "(0, 4611686018427387904, 4)", 0,
      "0 × 4611686018427387904 × 4 numbers, more than any memory holds"
    ),
    (
      "(1000000000000, 4)", 16,
      "1000000000000 × 4 float32 numbers, which are 16000000000000 bytes, but 16 bytes follow"
    ),
  ]

  @Test(arguments: falseClaims.indices)
  func `a header that claims more or less than there is is refused`(index: Int) throws {
    let claim = Self.falseClaims[index]
    try expectRefused(
      Self.file(header: Self.header(claim.shape), data: claim.bytes),
      "its header claims " + claim.reason)
  }

  static let hostileHeaders: [(header: String, reason: String)] = [
    (header("(-2, 3)"), "an axis in its header has no usable length"),
    (header("(99999999999999999999, 3)"), "an axis in its header has no usable length"),
    (header("(1e3, 3)"), "its header lacks )"),
    (header("(" + String(repeating: "1,", count: 40) + ")"), "more than 32 axes"),
    (header("(2, 3)", order: "0"), "fortran_order is neither True nor False"),
    (header("(2, 3)", descr: "'<f3'"), "the element type <f3 is unknown"),
    (header("(2, 3)", descr: "'f4'"), "the element type f4 is unknown"),
    (header("(2, 3)", descr: "'|f4'"), "the element type |f4 has no byte order"),
    (header("(2, 3)", descr: "''"), "the element type  is unknown"),
    ("{'descr': '<f4', 'descr': '<f4'}", "descr appears twice"),
    ("{'descr': '<f4'}", "its header lacks descr, fortran_order or shape"),
    ("{'evil': __import__('os')}", "its header has an unknown key"),
    (header("(1, 1)") + "x", "something follows its header"),
    ("{'descr", "a word in its header does not end"),
    ("{", "its header lacks a quoted word"),
    ("", "its header lacks {"),
  ]

  @Test(arguments: hostileHeaders.indices)
  func `a hostile header is refused in one line`(index: Int) throws {
    let (header, reason) = Self.hostileHeaders[index]
    try expectRefused(
      Self.file(header: header, data: 24), "not a readable .npy file: " + reason)
  }

  @Test func `a header of absurd length or version is refused`() throws {
    func check(_ bytes: [UInt8], _ reason: String) throws {
      try expectRefused(bytes, "not a readable .npy file: " + reason)
    }
    try check(Self.file(header: "{}", version: 9), "format version 9 is unknown")
    try check(
      Self.file(header: "{}", version: 2, length: 0xFFFF_FFFF), "a header of 4294967295 bytes")
    try check(Self.file(header: "{}", length: 0xFFFF), "it ends inside its header")
    try check([0x93] + Array("NUMPY".utf8) + [1], "it ends inside its header")
    try check([0x93] + Array("NUMPY".utf8) + [2, 0, 1, 0], "it ends inside its header")
  }

  private func expectRefused(_ bytes: [UInt8], _ reason: String) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/x.npy"
      try AtomicFile.write(bytes, to: path)
      #expect(throws: FileError(path: path, reason: reason)) { try ExampleSet.open(path) }
    }
  }

  @Test(arguments: 0..<200)
  func `no damage to a header makes the reader stop the process`(seed: UInt64) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/x.npy"
      var bytes = try [UInt8](Data(contentsOf: URL(filePath: fixture("f4.npy"))))
      var state = seed &* 0x9E37_79B9_7F4A_7C15 | 1
      for _ in 0..<3 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        bytes[Int(state >> 33) % 80] = UInt8(truncatingIfNeeded: state >> 24)
      }
      try AtomicFile.write(bytes, to: path)
      // Either it still is a set, or it is refused: both are fine, a trap is not.
      if let set = try? ExampleSet.open(path) { _ = try set.values(0..<set.count) }
    }
  }

  @Test func `a set larger than memory should hold is read in blocks`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/large.npy"
      let header = Self.header("(1000000, 50, 50)", descr: "'|u1'")
      try AtomicFile.write(Self.file(header: header), to: path)
      let start = Self.file(header: header).count
      // A file with a hole: it is 2.5 GB long and takes one block on the disk.
      #expect(truncate(path, off_t(start + 2_500_000_000)) == 0)
      let handle = try #require(FileHandle(forUpdatingAtPath: path))
      try handle.seek(toOffset: UInt64(start + 2_499_999_999))
      try handle.write(contentsOf: Data([7]))
      try handle.close()
      let set = try ExampleSet.open(path)
      #expect(set.count == 1_000_000)
      let values = try set.values(999_999..<1_000_000)
      #expect(values.count == 2500 && values.last == 7 && values.dropLast().allSatisfy { $0 == 0 })
    }
  }
}
