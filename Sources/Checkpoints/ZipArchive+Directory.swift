import Files

extension ZipArchive {
  /// Where the directory is and how many entries it has, from the record at the end.
  static func directory(_ file: ByteFile) throws(FileError) -> (Range<Int>, Int) {
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
    let isSaturated = count == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF
    let locator = try file.bytes(max(0, end - 20)..<end)
    // PyTorch writes the large record always, and the small one beside it in full.
    if locator.count == 20, number(locator, 0, 4) == 0x0706_4B50 {
      let small = (count, size, offset)
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
      isWhole = isWhole && number(large, 16, 4) == 0 && number(large, 20, 4) == 0
      end = place
      guard small.0 == count || small.0 == 0xFFFF, small.1 == size || small.1 == 0xFFFF_FFFF,
        small.2 == offset || small.2 == 0xFFFF_FFFF
      else { throw wrong(file, "its two records of the directory disagree") }
    } else if isSaturated {
      throw wrong(file, "its large directory is missing")
    }
    guard isWhole else { throw wrong(file, "one of several parts") }
    guard size >= 0, offset >= 0, count >= 0, offset <= end, size == end - offset,
      count <= size / 46, count <= 1_000_000
    else { throw wrong(file, "its directory is not where it should be") }
    return (offset..<end, count)
  }

  /// The entry that a record of the directory describes, and where its own header starts.
  func entry(
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
  static func number(_ bytes: [UInt8], _ position: Int, _ count: Int) -> Int {
    guard position >= 0, position + count <= bytes.count else { return -1 }
    let value = bytes[position..<position + count].reversed().reduce(UInt64(0)) {
      $0 << 8 | UInt64($1)
    }
    return Int(exactly: value) ?? -1
  }
}
