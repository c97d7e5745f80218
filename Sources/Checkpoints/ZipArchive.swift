import CDeflate
import CZlib
package import Files
import HDF5

/// A ZIP archive, read strictly: everything it says of itself is checked against the file, and
/// what is not needed for checkpoints is refused.
///
/// Refused are encrypted entries, archives in several parts, methods other than stored and deflate,
/// names that lead out of a folder, entries of one name, entries that overlap (as bombs do), and
/// sizes that deflate cannot reach.
package struct ZipArchive: Sendable {
  /// A file in the archive.
  package struct Entry: Sendable {
    /// Its name.
    package var name: String
    /// Whether its bytes are deflated; stored as they are otherwise.
    package var isDeflated: Bool
    var checksum: UInt32
    /// The length of its content.
    package var byteCount: Int
    /// Where its bytes are in the archive.
    package var range: Range<Int>
  }

  package let file: ByteFile
  /// The files, in the order of the directory at the end.
  package private(set) var entries: [Entry] = []
  private var places: [String: Int] = [:]

  /// The file called `name`, if there is one.
  package subscript(name: String) -> Entry? { places[name].map { entries[$0] } }

  package init(_ file: ByteFile) throws(FileError) {
    self.file = file
    let (directory, count) = try Self.directory(file)
    let bytes = try file.bytes(directory)
    var position = 0
    var starts: [(start: Int, end: Int, name: String)] = []
    for _ in 0..<count {
      guard position + 46 <= bytes.count, Self.number(bytes, position, 4) == 0x0201_4B50 else {
        throw Self.wrong(file, "its directory is damaged")
      }
      let nameLength = Self.number(bytes, position + 28, 2)
      let extraLength = Self.number(bytes, position + 30, 2)
      let commentLength = Self.number(bytes, position + 32, 2)
      let end = position + 46 + nameLength + extraLength + commentLength
      guard end <= bytes.count else { throw Self.wrong(file, "its directory is cut short") }
      let nameBytes = bytes[position + 46..<position + 46 + nameLength]
      guard let name = String(validating: nameBytes, as: UTF8.self) else {
        throw Self.wrong(file, "a name in it is not UTF-8")
      }
      let record = Array(bytes[position..<end])
      let entry = try entry(record, name, nameLength, extraLength, directory.lowerBound)
      starts.append((entry.start, entry.entry.range.upperBound, name))
      position = end
      if name.hasSuffix("/") { continue }
      guard places.updateValue(entries.count, forKey: name) == nil else {
        throw Self.wrong(file, "two entries of one name", name)
      }
      entries.append(entry.entry)
    }
    guard position == bytes.count else { throw Self.wrong(file, "its directory is damaged") }
    starts.sort { $0.start < $1.start }
    for (a, b) in zip(starts, starts.dropFirst()) where a.end > b.start {
      throw Self.wrong(file, "entries share their bytes, as in a bomb", b.name)
    }
  }

  /// The content of `entry`, checked against its checksum.
  ///
  /// What is unpacked from few bytes may take, with the `other` bytes of memory that the caller
  /// makes of it, twice the archive and a constant, or `limit` bytes when that is given.
  package func contents(
    _ entry: Entry, beside other: Int = 0, limit: Int? = nil
  ) throws(FileError) -> [UInt8] {
    if entry.isDeflated {
      let (bytes, overflow) = entry.byteCount.addingReportingOverflow(other)
      let allowance = limit ?? File.allowance(file.count) - entry.range.count
      guard !overflow, bytes <= allowance else {
        throw FileError(
          path: file.path, object: entry.name,
          reason: "claims \(entry.byteCount) bytes where \(entry.range.count) are stored; save it "
            + "again without compression")
      }
    }
    let stored = try file.bytes(entry.range)
    let bytes = entry.isDeflated ? try inflated(stored, entry) : stored
    let checksum = bytes.withUnsafeBytes { libdeflate_crc32(0, $0.baseAddress, $0.count) }
    try check(entry, bytes.count, UInt32(truncatingIfNeeded: checksum))
    return bytes
  }

  /// Calls `body` with the content of `entry` behind its first `skipped` bytes, `count` bytes at a
  /// time and fewer at the end; whether they fit their checksum is known only then.
  func eachPiece(
    _ entry: Entry, skipping skipped: Int = 0, of count: Int,
    _ body: ([UInt8]) throws(FileError) -> Void
  ) throws(FileError) {
    guard !entry.isDeflated else {
      let bytes = try contents(entry)
      for start in stride(from: skipped, to: bytes.count, by: count) {
        try body(Array(bytes[start..<min(bytes.count, start + count)]))
      }
      return
    }
    func updated(_ checksum: UInt32, _ bytes: [UInt8]) -> UInt32 {
      bytes.withUnsafeBytes { libdeflate_crc32(checksum, $0.baseAddress, $0.count) }
    }
    let begin = entry.range.lowerBound + min(skipped, entry.range.count)
    var checksum = updated(0, try file.bytes(entry.range.lowerBound..<begin))
    for start in stride(from: begin, to: entry.range.upperBound, by: count) {
      let bytes = try file.bytes(start..<min(entry.range.upperBound, start + count))
      checksum = updated(checksum, bytes)
      try body(bytes)
    }
    try check(entry, entry.range.count, checksum)
  }

  private func check(_ entry: Entry, _ count: Int, _ checksum: UInt32) throws(FileError) {
    guard count == entry.byteCount, count == 0 || checksum == entry.checksum else {
      throw Self.wrong(file, "its bytes do not fit its checksum; download it again", entry.name)
    }
  }

  /// The first bytes of `entry`, `count` or all, not held against its checksum.
  func start(_ entry: Entry, count: Int) throws(FileError) -> [UInt8] {
    guard entry.isDeflated else { return try file.bytes(entry.range.prefix(count)) }
    // Stored blocks add five bytes for each 65,535 to what they hold.
    let stored = try file.bytes(entry.range.prefix(count + count / 1024 + 1024))
    return try inflatedStart(stored, entry, count: min(count, entry.byteCount))
  }

  /// The first `count` bytes that `bytes`, the beginning of what `entry` stores, unpack to.
  private func inflatedStart(
    _ bytes: [UInt8], _ entry: Entry, count: Int
  ) throws(FileError) -> [UInt8] {
    guard count > 0 else { return [] }
    var stream = z_stream()
    guard czlib_inflate_raw_init(&stream) == Z_OK else {
      throw Self.wrong(file, "no memory to unpack it", entry.name)
    }
    defer { inflateEnd(&stream) }
    var bytes = bytes
    var result = Z_OK
    let output = [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
      bytes.withUnsafeMutableBufferPointer { input in
        (stream.next_in, stream.avail_in) = (input.baseAddress, UInt32(input.count))
        (stream.next_out, stream.avail_out) = (output.baseAddress, UInt32(count))
        result = inflate(&stream, Z_SYNC_FLUSH)
      }
      initialized = count - Int(stream.avail_out)
    }
    guard output.count == count, result == Z_OK || result == Z_STREAM_END else {
      throw Self.wrong(
        file, "its compressed bytes are damaged; download it again", entry.name)
    }
    return output
  }

  private func inflated(_ bytes: [UInt8], _ entry: Entry) throws(FileError) -> [UInt8] {
    guard let decompressor = libdeflate_alloc_decompressor() else {
      throw Self.wrong(file, "no memory to unpack it", entry.name)
    }
    defer { libdeflate_free_decompressor(decompressor) }
    var result = LIBDEFLATE_BAD_DATA
    let output = [UInt8](unsafeUninitializedCapacity: entry.byteCount) { buffer, initialized in
      var written = 0
      result = bytes.withUnsafeBytes {
        libdeflate_deflate_decompress(
          decompressor, $0.baseAddress, $0.count, buffer.baseAddress, entry.byteCount, &written)
      }
      initialized = result == LIBDEFLATE_SUCCESS ? written : 0
    }
    guard result == LIBDEFLATE_SUCCESS else {
      throw Self.wrong(file, "its compressed bytes are damaged; download it again", entry.name)
    }
    return output
  }

  static func wrong(
    _ file: ByteFile, _ reason: String, _ object: String? = nil
  ) -> FileError {
    FileError(path: file.path, object: object, reason: "not a readable archive: \(reason)")
  }
}
