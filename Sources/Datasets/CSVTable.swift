import Files

/// Tables with commas between fields and names in the first line (RFC 4180), read row by row.
enum CSVTable {
  /// A row longer than this is none.
  private static let longestRow = 1 << 20

  /// Hands the fields of the named columns of each row to `body`, with the row's number from zero.
  ///
  /// - Throws: `FileError` when a column is missing, a row has too few fields or does not end, and what
  ///   `body` throws.
  static func eachRow(
    of path: String, _ columns: [String],
    _ body: (_ row: Int, _ fields: [String]) throws(FileError) -> Void
  ) throws(FileError) {
    let file = try ByteFile(path: path)
    var places: [Int]?
    var row = 0
    var record: [UInt8] = []
    var isQuoted = false

    func finish() throws(FileError) {
      if record.last == UInt8(ascii: "\r") { record.removeLast() }
      if record.isEmpty { return }
      let fields = fields(of: record)
      record.removeAll(keepingCapacity: true)
      guard let places else {
        var found: [Int] = []
        for column in columns {
          guard let place = fields.firstIndex(of: column) else {
            throw FileError(path: path, reason: "has no column '\(column)'")
          }
          found.append(place)
        }
        places = found
        return
      }
      guard places.allSatisfy({ $0 < fields.count }) else {
        throw FileError(path: path, object: "row \(row)", reason: "has too few fields")
      }
      try body(row, places.map { fields[$0] })
      row += 1
    }

    for start in stride(from: 0, to: file.count, by: 1 << 20) {
      for byte in try file.bytes(start..<min(start + 1 << 20, file.count)) {
        if byte == UInt8(ascii: "\n"), !isQuoted {
          try finish()
          continue
        }
        if byte == UInt8(ascii: "\"") { isQuoted.toggle() }
        record.append(byte)
        guard record.count <= longestRow else {
          throw FileError(path: path, object: "row \(row)", reason: "does not end")
        }
      }
    }
    try finish()
    guard places != nil else { throw FileError(path: path, reason: "an empty table") }
  }

  private static func fields(of record: [UInt8]) -> [String] {
    var fields: [String] = []
    var field: [UInt8] = []
    var isQuoted = false
    var index = 0
    while index < record.count {
      let byte = record[index]
      if byte == UInt8(ascii: "\"") {
        if isQuoted, index + 1 < record.count, record[index + 1] == byte {
          field.append(byte)
          index += 1
        } else {
          isQuoted.toggle()
        }
      } else if byte == UInt8(ascii: ","), !isQuoted {
        fields.append(String(decoding: field, as: UTF8.self))
        field.removeAll(keepingCapacity: true)
      } else {
        field.append(byte)
      }
      index += 1
    }
    fields.append(String(decoding: field, as: UTF8.self))
    return fields
  }
}
