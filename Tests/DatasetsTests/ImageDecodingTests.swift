import Datasets
import Files
import Foundation
import TestSupport
import Testing

@Suite struct ImageDecodingTests {
  @Test(arguments: ImageFixtures.names)
  func `an image has the pixels that Pillow converts to RGB`(name: String) throws {
    let expected = try ImageFixtures.expected(name)
    try withTemporaryFolder { folder in
      let set = try ExampleSet.open(
        ImageFixtures.list([ImageFixtures.path(name)], in: folder))
      #expect(set.exampleShape == expected.exampleShape)
      #expect(set.elementKind == .uint8)
      let (found, wanted) = (try set.values(0..<1), try expected.values(0..<1))
      let isSame = found == wanted
      #expect(isSame)
    }
  }

  @Test(arguments: ["rgb.jpg", "progressive.jpg", "rgb.png", "interlaced.png"])
  func `an image that is cut short is an error that names it`(name: String) throws {
    let bytes = try ImageFixtures.bytes(name)
    try withTemporaryFolder { folder in
      for share in [2, 3, 10] {
        let path = "\(folder)/cut.jpg"
        try Data(bytes.prefix(bytes.count * (share - 1) / share)).write(to: URL(filePath: path))
        let list = try ImageFixtures.list([path], in: folder)
        let error = #expect(throws: FileError.self) { try ExampleSet.open(list).values(0..<1) }
        #expect(error?.path == path)
      }
    }
  }

  @Test func `extents that the bytes cannot hold are refused before anything is decoded`() throws {
    var jpeg = try ImageFixtures.bytes("rgb.jpg")
    let frame = try #require(
      jpeg.indices.dropLast(9).first { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 })
    jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0x20, 0, 0x20, 0])
    var png = try ImageFixtures.bytes("rgb.png")
    png.replaceSubrange(16..<24, with: [0, 0, 0x20, 0, 0, 0, 0x20, 0])
    // The checksum of the header, so that only the extents are wrong.
    png.replaceSubrange(29..<33, with: Self.checksum(png[12..<29]))
    try withTemporaryFolder { folder in
      for bytes in [jpeg, png] {
        let path = "\(folder)/bomb"
        try Data(bytes).write(to: URL(filePath: path))
        let error = #expect(throws: FileError.self) {
          try ExampleSet.open(ImageFixtures.list([path], in: folder))
        }
        #expect(error?.reason.contains("claims 8192 x 8192 pixels") == true)
        #expect(error?.path == path)
      }
    }
  }

  /// The CRC-32 of a chunk, by the definition.
  private static func checksum(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var crc: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return (0..<4).reversed().map { UInt8(truncatingIfNeeded: ~crc >> UInt32(8 * $0)) }
  }

  @Test(arguments: [("GIF89a", "neither a JPEG nor a PNG image by its content"), ("", "empty")])
  func `what is no image is named`(content: String, reason: String) throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/x.png"
      try Data(content.utf8).write(to: URL(filePath: path))
      let error = #expect(throws: FileError.self) {
        try ExampleSet.open(ImageFixtures.list([path], in: folder))
      }
      #expect(error?.path == path && error?.reason.contains(reason) == true)
    }
  }

  @Test(arguments: [
    "rgb.jpg", "progressive.jpg", "cmyk.jpg", "rgb.png", "interlaced.png", "palette_two_bits.png",
  ])
  func `damaged images are decoded or refused, never more`(name: String) throws {
    let bytes = try ImageFixtures.bytes(name)
    var mutator = FileMutator(seed: 11)
    try withTemporaryFolder { folder in
      let path = "\(folder)/damaged"
      let list = try ImageFixtures.list([path], in: folder)
      var refused = 0
      for _ in 0..<300 {
        try Data(mutator.mutated(bytes)).write(to: URL(filePath: path))
        do throws(FileError) {
          let sizing = ImageSizing(resize: .shorterSide(9), crop: .init(height: 8, width: 8))
          let set = try ExampleSet.open(list).sized(by: sizing)
          #expect(try set.values(0..<1).count == 192)
        } catch {
          #expect(error.path == path)
          refused += 1
        }
      }
      #expect(refused > 30)
    }
  }
}
