import CDeflate
import Checkpoints
import Files
import Foundation
import HDF5
import Randomness
import TestSupport
import Testing

/// Files from strangers: each is read, or refused by one line, and nothing else happens.
@Suite struct HostileFileTests {
  @Test(arguments: [
    ("{}", 8, "", "1 bytes"), ("{}", 2, "x", "1 bytes at the end belong to nothing"),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, nil, "1234", "are not in the file"
    ),
    (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, nil, "1234", "4 bytes for 8"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[1,5]}}"#, nil, "12345", "do not follow"),
    (
      #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#,
      nil, "123", "do not follow"
    ),
    (#"{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}"#, nil, "1", "dtype F8_E4M3"),
    (#"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, nil, "1234", "usable length"),
    (
      #"{"a":{"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}}"#, nil, "",
      "more values than any memory"
    ),
    (#"{"a":{"dtype":"F32","shape":[1e300],"data_offsets":[0,4]}}"#, nil, "1234", "usable length"),
    (#"{"a":{"dtype":"F32","data_offsets":[0,4]}}"#, nil, "1234", "missing"),
    (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}"#, nil, "1234", "not JSON"),
    ("{\"a\u{1}", 100_000_001, "", "a header of 100000001 bytes"),
    (
      #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"I8","shape":[1]}}"#,
      nil, "1", "has the name twice"
    ),
    (
      #"{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, nil, "1234", "twice"
    ),
    (#"{"__metadata__":{"a":"b"}}"#, nil, "", "holds no arrays"),
  ])
  func `a safetensors header that contradicts itself or the file is refused`(
    header: String, length: Int?, data: String, reason: String
  ) throws {
    try withTemporaryFolder { folder in
      let length = UInt64(length ?? header.utf8.count)
      var bytes = withUnsafeBytes(of: length.littleEndian) { Data($0) }
      bytes += Data(header.utf8) + Data(data.utf8)
      let error = try refusal(of: bytes, in: folder)
      let fits = error.reason.contains(reason) || header == "{}" && length == 8
      #expect(fits, "\(error)")
    }
  }

  @Test(arguments: [
    (#"{"weight_map":{"a":"../torch.safetensors"}}"#, "no name of a file"),
    (#"{"weight_map":{"a":"/etc/passwd"}}"#, "no name of a file"),
    (#"{"weight_map":{"a":1}}"#, "no name of a file"), (#"{"weights":{}}"#, "without weight_map"),
    (#"{"class_name":"Sequential","config":{}}"#, "an architecture of Keras"),
    (#"{"weight_map":{"a":"gone.safetensors"}}"#, "no such file"), ("{", "not JSON"),
    (#"{"weight_map":{}}"#, "its weight_map is empty"),
  ])
  func `an index reaches only files beside it`(text: String, reason: String) throws {
    try withTemporaryFolder { folder in
      let error = try refusal(of: Data(text.utf8), in: folder)
      #expect(error.reason.contains(reason), "\(error)")
    }
  }

  @Test func `an archive that cheats is refused by name`() throws {
    let valid = try Data(contentsOf: URL(filePath: fixture("torch.npz")))
    let deflated = try Data(contentsOf: URL(filePath: fixture("torch_deflated.npz")))
    let directory = try #require(valid.range(of: Data([0x50, 0x4B, 1, 2]))).lowerBound
    let packed = try #require(deflated.range(of: Data([0x50, 0x4B, 1, 2]))).lowerBound
    func changed(_ data: Data, _ place: Int, _ bytes: [UInt8]) -> Data {
      var data = data
      data.replaceSubrange(place..<place + bytes.count, with: bytes)
      return data
    }
    let cases: [(Data, String)] = [
      (changed(valid, directory + 8, [1, 0]), "encrypted"),
      (changed(valid, directory + 10, [12, 0]), "method 12"),
      (changed(valid, directory + 46, Array("/".utf8)), "leads out"),
      (changed(valid, directory + 46, Array("../".utf8)), "leads out"),
      (changed(valid, directory + 24, [0, 0, 0, 0x40]), "claims 1073741824 bytes"),
      (changed(deflated, packed + 24, [0, 0, 0, 0x40]), "claims 1073741824 bytes"),
      (changed(valid, directory + 42, [0xF0, 0xFF, 0xFF, 0x7F]), "not in the archive"),
      (changed(valid, valid.count - 12, [0xFF, 0xFE]), "not where it should be"),
      (changed(valid, valid.count - 10, [0xFF, 0xFE]), "not where it should be"),
      (valid.dropLast(4), "directory at the end is missing"), (valid.prefix(400), "missing"),
      (Data("PK\u{5}\u{6}".utf8) + Data(count: 18), "it holds nothing"),
    ]
    try withTemporaryFolder { folder in
      for (data, reason) in cases {
        let error = try refusal(of: data, in: folder)
        #expect(error.reason.contains(reason), "\(error)")
      }
      // A flipped bit in the values is seen when they are read.
      let values = try #require(valid.range(of: Data("conv1.weight.npy".utf8))).upperBound + 200
      try changed(valid, values, [valid[values] ^ 1]).write(to: URL(filePath: folder + "/file"))
      let checkpoint = try Checkpoint.open(folder + "/file")
      let error = try #require(throws: FileError.self) { try checkpoint.digest() }
      #expect(error.reason.contains("checksum") && error.object != nil)
    }
  }

  /// Zeros that deflate to a thousandth: 320 MiB of them are more than twice the archive and what is
  /// allowed beside.
  @Test func `an array of zeros that were packed is not unpacked`() throws {
    let count = 80 << 20
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (\(count),), }"
    let text = header + String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    var array = Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0, 118, 0]) + Data(text.utf8)
    array.append(Data(count: 4 * count))
    var packed = Data(count: 1 << 20)
    let size = packed.withUnsafeMutableBytes { packed in
      array.withUnsafeBytes { array in
        let compressor = libdeflate_alloc_compressor(1)
        defer { libdeflate_free_compressor(compressor) }
        return libdeflate_deflate_compress(
          compressor, array.baseAddress, array.count, packed.baseAddress, packed.count)
      }
    }
    try #require(size > 0)
    let checksum = array.withUnsafeBytes { libdeflate_crc32(0, $0.baseAddress, $0.count) }
    func number(_ value: Int, _ byteCount: Int) -> Data {
      Data((0..<byteCount).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) })
    }
    let sizes = number(Int(checksum), 4) + number(size, 4) + number(array.count, 4)
    let name = Data("weight.npy".utf8)
    let lengths = number(name.count, 2) + number(0, 2)
    let versions = number(20, 2) + number(0, 2) + number(8, 2) + number(0, 4)
    let local = Data("PK\u{3}\u{4}".utf8) + versions + sizes + lengths + name
    let entry =
      Data("PK\u{1}\u{2}".utf8) + number(20, 2) + versions + sizes + lengths + number(0, 14) + name
    let start = local.count + size
    let archive =
      local + packed.prefix(size) + entry + Data("PK\u{5}\u{6}".utf8) + number(0, 4) + number(1, 2)
      + number(1, 2) + number(entry.count, 4) + number(start, 4) + number(0, 2)
    try withTemporaryFolder { folder in
      let path = folder + "/zeros.npz"
      try archive.write(to: URL(filePath: path))
      let checkpoint = try Checkpoint.open(path)
      #expect(checkpoint.parameters.map(\.shape) == [[count]])
      let error = try #require(throws: FileError.self) {
        try checkpoint.values(checkpoint.parameters[0])
      }
      #expect(error.path == path && error.object == "weight.npy")
      #expect(error.reason.hasPrefix("claims \(array.count) bytes where \(size) are stored"))
    }
  }

  @Test func `pickles are never loaded, and say what to do`() throws {
    try withTemporaryFolder { folder in
      let error = try refusal(of: Data([0x80, 2, 0x8A, 0x0A]), in: folder)
      #expect(error.reason.contains("save it as .safetensors"))
    }
  }

  /// Bytes flipped, cut out, repeated, overwritten by lengths: whatever comes, an answer.
  @Test(arguments: [
    "torch.safetensors", "torch.npz", "torch_deflated.npz", "types.safetensors",
    "torch.safetensors.index.json", "keras3_three_ways.keras",
  ])
  func `mutated files end in values or in one line`(name: String) throws {
    let original = [UInt8](try Data(contentsOf: URL(filePath: fixture(name))))
    var random = SeededGenerator(seed: 11, name)
    let count = name.hasSuffix("keras") ? 60 : 500
    try withTemporaryFolder { folder in
      let path = folder + "/file"
      for _ in 0..<count {
        let bytes = Self.mutated(original, &random)
        try Data(bytes).write(to: URL(filePath: path))
        do throws(FileError) {
          _ = try Checkpoint.open(path).digest()
        } catch {
          #expect(error.path.hasPrefix(folder) && !error.reason.contains("\n"))
        }
      }
    }
  }

  private static func mutated(_ bytes: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
    var bytes = bytes
    // Structure is at both ends; half of the changes go there.
    func place() -> Int {
      let count = max(bytes.count, 1)
      return switch Int.random(in: 0..<4, using: &random) {
      case 0: Int.random(in: 0..<min(count, 300), using: &random)
      case 1: count - 1 - Int.random(in: 0..<min(count, 300), using: &random)
      default: Int.random(in: 0..<count, using: &random)
      }
    }
    for _ in 0...Int.random(in: 0..<3, using: &random) where !bytes.isEmpty {
      let start = place()
      switch Int.random(in: 0..<5, using: &random) {
      case 0: bytes[start] ^= 1 << UInt8.random(in: 0..<8, using: &random)
      case 1: bytes.removeSubrange(start...)
      case 2:
        let length =
          [0, 1, 255, 65_535, .max, UInt64(bytes.count)].randomElement(using: &random) ?? 0
        withUnsafeBytes(of: length.littleEndian) { field in
          for (offset, byte) in field.prefix(4).enumerated() where start + offset < bytes.count {
            bytes[start + offset] = byte
          }
        }
      case 3: bytes.removeSubrange(start..<min(bytes.count, start + 16))
      default: bytes.insert(contentsOf: bytes[start..<min(bytes.count, start + 40)], at: place())
      }
    }
    return bytes
  }

  private func refusal(of bytes: Data, in folder: String) throws -> FileError {
    let path = folder + "/file"
    try bytes.write(to: URL(filePath: path))
    return try #require(throws: FileError.self) { try Checkpoint.open(path) }
  }

  private func fixture(_ name: String) -> String {
    URL(filePath: #filePath).deletingLastPathComponent()
      .appending(components: "Fixtures", name).path(percentEncoded: false)
  }
}
