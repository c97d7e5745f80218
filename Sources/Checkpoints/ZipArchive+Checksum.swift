import CDeflate
import Files

extension ZipArchive {
  /// Checks the bytes of `entry`, which is stored as it is, against its checksum, a piece at a time.
  ///
  /// - Throws: `FileError` when they do not fit or cannot be read.
  func requireIntact(_ entry: Entry) throws(FileError) {
    precondition(!entry.isDeflated, "\(entry.name) is compressed")
    var checksum: UInt32 = 0
    for start in stride(from: entry.range.lowerBound, to: entry.range.upperBound, by: 1 << 18) {
      let piece = try file.bytes(start..<min(entry.range.upperBound, start + 1 << 18))
      checksum = piece.withUnsafeBytes { libdeflate_crc32(checksum, $0.baseAddress, $0.count) }
    }
    guard entry.byteCount == entry.range.count, checksum == entry.checksum else {
      throw FileError(
        path: file.path, object: entry.name,
        reason: "not a readable archive: its bytes do not fit its checksum; download it again")
    }
  }
}
