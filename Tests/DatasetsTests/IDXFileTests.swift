import CDeflate
import Datasets
import Files
import Foundation
import TestSupport
import Testing

/// `bytes` as one gzip member.
func gzipped(_ bytes: [UInt8]) throws -> [UInt8] {
  let compressor = try #require(libdeflate_alloc_compressor(6))
  defer { libdeflate_free_compressor(compressor) }
  var packed = [UInt8](
    repeating: 0, count: libdeflate_gzip_compress_bound(compressor, bytes.count))
  let size = libdeflate_gzip_compress(
    compressor, bytes, bytes.count, &packed, packed.count)
  return Array(packed[..<size])
}

/// An IDX file: two zeros, the type, the axes, big-endian lengths, the values.
func idx(type: UInt8 = 8, _ shape: [UInt32], _ values: [UInt8]) -> [UInt8] {
  [0, 0, type, UInt8(shape.count)]
    + shape.flatMap { length in (0..<4).map { UInt8(truncatingIfNeeded: length >> (24 - 8 * $0)) } }
    + values
}

@Suite struct IDXFileTests {
  private func opening<R>(
    _ bytes: [UInt8], limit: Int = ExampleSet.defaultUnpackingLimit,
    _ body: (ExampleSet) throws -> R
  ) throws -> R {
    try withTemporaryFolder { folder in
      try AtomicFile.write(bytes, to: "\(folder)/x")
      return try body(try ExampleSet.open("\(folder)/x", unpackingLimit: limit))
    }
  }

  /// The reason why `bytes` are refused.
  private func refusal(
    _ bytes: [UInt8], limit: Int = ExampleSet.defaultUnpackingLimit
  ) throws -> String? {
    try withTemporaryFolder { folder in
      try AtomicFile.write(bytes, to: "\(folder)/x")
      let error = #expect(throws: FileError.self) {
        try ExampleSet.open("\(folder)/x", unpackingLimit: limit)
      }
      #expect(error?.path == "\(folder)/x")
      return error?.reason
    }
  }

  @Test(arguments: [false, true])
  func `images are read as they are and packed`(isPacked: Bool) throws {
    let bytes = idx([3, 2, 2], Array(0..<12))
    try opening(isPacked ? gzipped(bytes) : bytes) { set throws in
      #expect(set.count == 3)
      #expect(set.exampleShape == [2, 2, 1])
      #expect(set.elementKind == .uint8)
      #expect(set.format == (isPacked ? "IDX, gzip" : "IDX"))
      #expect(try set.values(1..<3) == (4..<12).map { Float($0) })
    }
  }

  @Test func `numbers of several bytes have their highest byte first`() throws {
    try opening(idx(type: 0x0B, [1, 2], [0x01, 0x02, 0xFF, 0xFE])) { set throws in
      #expect(try set.values(0..<1) == [258, -2])
    }
    try opening(idx(type: 0x0D, [1, 1], [0x3F, 0xC0, 0, 0])) { set throws in
      #expect(try set.values(0..<1) == [1.5])
    }
    try opening(idx(type: 0x09, [1, 2], [0x80, 0x7F])) { set throws in
      #expect(try set.values(0..<1) == [-128, 127])
    }
  }

  @Test func `a packed file may have several members`() throws {
    let bytes = idx([4, 3], Array(0..<12))
    try opening(gzipped(Array(bytes[..<9])) + gzipped(Array(bytes[9...]))) { set throws in
      #expect(try set.values(0..<4) == (0..<12).map { Float($0) })
    }
  }

  @Test func `a packed .npy file is a set too`() throws {
    try opening(
      gzipped(NumPyFileTests.file(header: NumPyFileTests.header("(1, 2)"), data: 8))
    ) { set throws in
      #expect(set.format == "NumPy, gzip")
      #expect(try set.values(0..<1) == [0, 0])
    }
  }

  @Test func `a header that claims what is not there is refused`() throws {
    #expect(
      try refusal(idx([3, 2, 2], Array(0..<11)))
        == "its header claims 3 × 2 × 2 uint8 numbers, which are 12 bytes, but 11 bytes follow")
    #expect(
      try refusal(idx([.max, .max, .max], [1]))
        == "its header claims 4294967295 × 4294967295 × 4294967295 numbers, more than any memory "
        + "holds")
    #expect(
      try refusal(gzipped(idx([60_000, 28, 28], [0]))) == "its header claims 60000 × 28 × 28 uint8 "
        + "numbers, which are 47040000 bytes, but 1 bytes follow")
    #expect(try refusal([0, 0, 8, 3, 0, 0, 0]) == "an IDX file that ends inside its header")
  }

  @Test func `what unpacks to more than the limit is refused`() throws {
    let zeros = idx([1, 8 << 20], [UInt8](repeating: 0, count: 8 << 20))
    let bomb = try gzipped(zeros)
    #expect(bomb.count < 10_000)
    #expect(
      try refusal(bomb, limit: 1 << 20)
        == "unpacks to more than 1048576 bytes; unpack it with gunzip and name that file")
    try opening(bomb, limit: zeros.count) { #expect($0.exampleShape == [8 << 20]) }
  }

  @Test func `several members cannot pass the limit together`() throws {
    let zeros = try gzipped([UInt8](repeating: 0, count: 1 << 20))
    #expect(
      try refusal(
        zeros + zeros + zeros, limit: 5 << 19)
        == "unpacks to more than 2621440 bytes; unpack it with gunzip and name that file")
  }

  @Test(arguments: [[0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF]] as [[UInt8]])
  func `a false size in the trailer is found out`(size: [UInt8]) throws {
    let packed = try gzipped(idx([1, 3], [1, 2, 3]))
    #expect(try refusal(packed.dropLast(4) + size) == "damaged gzip data")
  }

  @Test func `damaged and cut packed data are refused`() throws {
    var packed = try gzipped(idx([1, 200], (0..<200).map { UInt8($0) }))
    #expect(try refusal(Array(packed.dropLast(20))) == "damaged gzip data")
    #expect(
      try refusal(packed + [1, 2, 3]) == "something that is not gzip follows the gzip data")
    packed[packed.count / 2] ^= 0x55
    #expect(try refusal(packed) == "damaged gzip data")
    #expect(try refusal([0x1F, 0x8B]) == "damaged gzip data")
  }

  @Test func `what is no set at all is named as such`() throws {
    #expect(try refusal([]) == "an empty file")
    #expect(
      try refusal(Array("P5 28 28".utf8))
        == "none of HDF5, .npy, .npz, IDX, gzip-packed IDX, CIFAR, STL-10 or a list of images by its "
        + "content")
    #expect(
      try refusal([0x50, 0x4B, 3, 4])
        == "not a readable archive: its directory at the end is missing; download it again")
    try withTemporaryFolder { folder in
      #expect(
        throws: FileError(
          path: folder,
          reason: "holds no folder for a class; images lie in one folder per class, or in a list")
      ) {
        try ExampleSet.open(folder)
      }
      #expect(throws: FileError(path: "\(folder)/no", reason: "no such file or folder")) {
        try ExampleSet.open("\(folder)/no")
      }
    }
  }

  @Test func `only HDF5 files and archives hold named arrays`() throws {
    let path = fixture("f4.npy")
    #expect(
      throws: FileError(
        path: path, object: "/data", reason: "only HDF5 files and .npz archives hold named arrays")
    ) { try ExampleSet.open("\(path)::/data") }
  }
}
