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

  // MARK: Reading the directory

  /// Where the directory is and how many entries it has, from the record at the end.
  private static func directory(_ file: ByteFile) throws(FileError) -> (Range<Int>, Int) {
    let tailStart = max(0, file.count - 22 - 65_535)
    let tail = try file.bytes(tailStart..<file.count)
    var found: Int?
    for position in stride(from: tail.count - 22, through: 0, by: -1)
    where number(tail, position, 4) == 0x0605_4B50
      && position + 22 + number(tail, position + 20, 2) == tail.count
    {
      found = position
      break
    }
    guard let record = found else {
      throw wrong(file, "its directory at the end is missing; download it again")
    }
    var count = number(tail, record + 10, 2)
    var size = number(tail, record + 12, 4)
    var offset = number(tail, record + 16, 4)
    var isWhole = number(tail, record + 4, 2) == 0 && number(tail, record + 6, 2) == 0
    var end = tailStart + record
    if count == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF {
      let locator = try file.bytes(max(0, end - 20)..<end)
      guard locator.count == 20, number(locator, 0, 4) == 0x0706_4B50 else {
        throw wrong(file, "its large directory is missing")
      }
      let place = number(locator, 8, 8)
      guard place >= 0, place <= end - 20 - 56 else {
        throw wrong(file, "its directory is damaged")
      }
      let large = try file.bytes(place..<place + 56)
      guard number(large, 0, 4) == 0x0606_4B50 else {
        throw wrong(file, "its directory is damaged")
      }
      count = number(large, 32, 8)
      size = number(large, 40, 8)
      offset = number(large, 48, 8)
      isWhole = number(large, 16, 4) == 0 && number(large, 20, 4) == 0
      end = place
    }
    guard isWhole else { throw wrong(file, "one of several parts") }
    guard size >= 0, offset >= 0, count >= 0, offset <= end, size == end - offset,
      count <= size / 46, count <= 1_000_000
    else { throw wrong(file, "its directory is not where it should be") }
    return (offset..<end, count)
  }

  /// The entry that a record of the directory describes, and where its own header starts.
  private func entry(
    _ record: [UInt8], _ name: String, _ nameLength: Int, _ extraLength: Int, _ directory: Int
  ) throws(FileError) -> (entry: Entry, start: Int) {
    func wrong(_ reason: String) -> FileError { Self.wrong(file, reason, name) }
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard !name.isEmpty, !name.hasPrefix("/"), !parts.contains(".."), !name.utf8.contains(0),
      !name.utf8.contains(UInt8(ascii: "\\")), !name.utf8.prefix(2).contains(UInt8(ascii: ":"))
    else { throw wrong("a name that leads out of the archive") }
    guard Self.number(record, 8, 2) & 0x2041 == 0 else { throw wrong("encrypted") }
    let method = Self.number(record, 10, 2)
    guard method == 0 || method == 8 else {
      throw wrong("packed with method \(method), where stored and deflate are read")
    }
    var packed = Self.number(record, 20, 4)
    var unpacked = Self.number(record, 24, 4)
    var start = Self.number(record, 42, 4)
    var extra = 46 + nameLength
    let extraEnd = extra + extraLength
    while extra + 4 <= extraEnd {
      let (tag, length) = (Self.number(record, extra, 2), Self.number(record, extra + 2, 2))
      guard extra + 4 + length <= extraEnd else { throw wrong("its extra fields are damaged") }
      if tag == 1 {
        var field = extra + 4
        for (value, set) in [(unpacked, 0), (packed, 1), (start, 2)] where value == 0xFFFF_FFFF {
          guard field + 8 <= extra + 4 + length else { throw wrong("its size is missing") }
          let large = Self.number(record, field, 8)
          if set == 0 {
            unpacked = large
          } else if set == 1 {
            packed = large
          } else {
            start = large
          }
          field += 8
        }
      }
      extra += 4 + length
    }
    guard start >= 0, packed >= 0, unpacked >= 0, start <= directory - 30 else {
      throw wrong("its bytes are not in the archive")
    }
    let header = try file.bytes(start..<start + 30)
    guard Self.number(header, 0, 4) == 0x0403_4B50, Self.number(header, 26, 2) == nameLength,
      try file.bytes(start + 30..<start + 30 + nameLength) == Array(name.utf8)
    else { throw wrong("its own header does not fit the directory") }
    let begin = start + 30 + nameLength + Self.number(header, 28, 2)
    guard begin <= directory, packed <= directory - begin else {
      throw wrong("its bytes are not in the archive")
    }
    // Deflate cannot expand further: 258 bytes for two bits.
    guard method == 8 ? unpacked / 1032 <= packed : unpacked == packed else {
      throw wrong("claims \(unpacked) bytes in \(packed)")
    }
    return (
      Entry(
        name: name, isDeflated: method == 8, checksum: UInt32(Self.number(record, 16, 4)),
        byteCount: unpacked, range: begin..<begin + packed), start
    )
  }

  /// `count` bytes at `position` as a number, lowest first; −1 where they are beyond `Int`.
  private static func number(_ bytes: [UInt8], _ position: Int, _ count: Int) -> Int {
    guard position >= 0, position + count <= bytes.count else { return -1 }
    let value = bytes[position..<position + count].reversed().reduce(UInt64(0)) {
      $0 << 8 | UInt64($1)
    }
    return Int(exactly: value) ?? -1
  }

  private static func wrong(
    _ file: ByteFile, _ reason: String, _ object: String? = nil
  ) -> FileError {
    FileError(path: file.path, object: object, reason: "not a readable archive: \(reason)")
  }
}
