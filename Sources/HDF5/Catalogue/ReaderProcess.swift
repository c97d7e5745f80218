#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A process that parses the structures of a file and sends what it found: one for each answer.
public struct ReaderProcess: Sendable {
  /// The program to start.
  public var executable: String
  /// Its first arguments, after which it must call ``ReaderService/run(_:)`` with the rest.
  public var arguments: [String]
  /// How long an answer may take, in seconds, beside what the length of the file allows: more than the
  /// processor time it may take, as it may have to wait for a processor.
  public var seconds: Double

  /// A reader that is the program `executable` with `arguments`.
  public init(executable: String, arguments: [String], seconds: Double = 30) {
    (self.executable, self.arguments, self.seconds) = (executable, arguments, seconds)
  }

  /// Bytes of memory and of an answer that are allowed whatever the file's length.
  static let constant = 256 << 20

  func catalogue(
    _ descriptor: Int32, byteCount: Int, path: String
  ) throws(HDF5Error) -> Catalogue {
    let bytes = try answer(
      ["catalogue"], descriptor, byteCount: byteCount, path: path,
      limit: Self.catalogueLimit(byteCount))
    return try Self.catalogue(bytes, byteCount: byteCount, path: path)
  }

  /// The catalogue in the answer `bytes` about a file of `byteCount` bytes.
  static func catalogue(
    _ bytes: [UInt8], byteCount: Int, path: String
  ) throws(HDF5Error) -> Catalogue {
    let answer: Catalogue.Answer
    do throws(CatalogueDecoder.Garbled) {
      answer = try Catalogue.answer(bytes, byteCount: byteCount)
    } catch { throw garbled(path) }
    switch answer {
    case .catalogue(let catalogue): return catalogue
    case .failure(let kind, let object, let reason):
      throw HDF5Error(kind: kind, path: path, object: object, reason: reason)
    }
  }

  /// How long a catalogue may be.
  static func catalogueLimit(_ byteCount: Int) -> Int {
    64 << 20 + min(2 * min(byteCount, 1 << 40), 1 << 30)
  }

  private static func garbled(_ path: String) -> HDF5Error {
    HDF5Error(
      kind: .damaged, path: path,
      reason: "not readable as HDF5: the reader gave an answer without sense")
  }

  /// The elements of `rows` of the dataset `object`, `byteCount` bytes, and whether their highest
  /// byte comes first.
  func values(
    _ file: CatalogueFile, _ object: String, _ rows: Range<Int>?, byteCount: Int
  ) throws(HDF5Error) -> (bytes: [UInt8], isBigEndian: Bool) {
    // Each record has a few bytes of its own.
    var bytes = try answer(
      "values", file, object, rows, limit: byteCount + byteCount / 1024 + 1 << 16)
    do throws(CatalogueDecoder.Garbled) {
      let (pieces, isBigEndian) = try Self.pieces(bytes)
      // Moved together where they are: values are not held twice.
      var end = 0
      bytes.withUnsafeMutableBytes { buffer in
        guard let base = buffer.baseAddress else { return }
        for piece in pieces {
          memmove(base + end, base + piece.lowerBound, piece.count)
          end += piece.count
        }
      }
      bytes.removeLast(bytes.count - end)
      guard end == byteCount else { throw CatalogueDecoder.Garbled() }
      return (bytes, isBigEndian)
    } catch { throw Self.garbled(file.path) }
  }

  /// Where the values are in the records of an answer, and whether their highest byte comes first.
  static func pieces(
    _ bytes: [UInt8]
  ) throws(CatalogueDecoder.Garbled) -> (pieces: [Range<Int>], isBigEndian: Bool) {
    var decoder = CatalogueDecoder(bytes[...])
    var pieces: [Range<Int>] = []
    var order: Bool?
    while !decoder.isAtEnd {
      let (tag, payload) = try decoder.record()
      var record = CatalogueDecoder(payload)
      guard tag == .values else { throw CatalogueDecoder.Garbled() }
      let isBigEndian = try record.flag()
      let values = try record.data()
      guard record.isAtEnd, order ?? isBigEndian == isBigEndian else {
        throw CatalogueDecoder.Garbled()
      }
      order = isBigEndian
      pieces.append(values.startIndex..<values.endIndex)
    }
    return (pieces, order ?? false)
  }

  /// The texts of `rows` of the dataset `object`.
  func texts(
    _ file: CatalogueFile, _ object: String, _ rows: Range<Int>?
  ) throws(HDF5Error) -> [String] {
    let bytes = try answer(
      "texts", file, object, rows, limit: File.allowance(file.byteCount) / 2)
    do throws(CatalogueDecoder.Garbled) {
      var decoder = CatalogueDecoder(bytes[...])
      let (tag, payload) = try decoder.record()
      var record = CatalogueDecoder(payload)
      guard tag == .texts, decoder.isAtEnd else { throw CatalogueDecoder.Garbled() }
      return try record.list { decoder throws(CatalogueDecoder.Garbled) in try decoder.text() }
    } catch { throw Self.garbled(file.path) }
  }

  /// The answer to `question` about `rows` of `object`, unless it is a failure.
  private func answer(
    _ question: String, _ file: CatalogueFile, _ object: String, _ rows: Range<Int>?, limit: Int
  ) throws(HDF5Error) -> [UInt8] {
    guard try File.length(of: file.descriptor, file.path) == file.byteCount else {
      throw HDF5Error(kind: .damaged, path: file.path, reason: "the file changed while it was read")
    }
    let bounds = rows.map { ["\($0.lowerBound)", "\($0.upperBound)"] } ?? []
    let bytes = try answer(
      [question, object] + bounds, file.descriptor, byteCount: file.byteCount, path: file.path,
      limit: limit)
    var failure: Catalogue.Answer?
    do throws(CatalogueDecoder.Garbled) {
      // Values may have been sent before the failure.
      var decoder = CatalogueDecoder(bytes[...])
      while !decoder.isAtEnd {
        let (tag, payload) = try decoder.record()
        guard tag == .failure else { continue }
        var record = CatalogueDecoder(payload)
        failure = try record.answer()
        break
      }
    } catch { throw Self.garbled(file.path) }
    guard case .failure(let kind, let object, let reason)? = failure else { return bytes }
    throw HDF5Error(kind: kind, path: file.path, object: object, reason: reason)
  }

  /// What the process says when it is given `question` and the file behind `descriptor`.
  private func answer(
    _ question: [String], _ descriptor: Int32, byteCount: Int, path: String, limit: Int
  ) throws(HDF5Error) -> [UInt8] {
    let child = try ChildProcess(
      executable, arguments + question, file: descriptor, path: path)
    // Nothing a reader does takes longer than reading the file slowly.
    let allowed = seconds + Double(byteCount) / 50e6
    let (bytes, end) = child.output(within: allowed, limit: limit)
    switch end {
    case .exited(0): return bytes
    case .exited(let status):
      throw HDF5Error(
        kind: .library, path: path, reason: "the reader process ended with status \(status)")
    case .signal(SIGXCPU), .tooLong:
      throw HDF5Error(
        kind: .damaged, path: path,
        reason: "not readable as HDF5: the reader did not finish in \(Int(allowed)) seconds")
    case .signal(let signal):
      throw HDF5Error(
        kind: .damaged, path: path,
        reason: "not readable as HDF5: the reader stopped on a damaged structure (signal \(signal))"
      )
    case .tooMuch:
      throw HDF5Error(
        kind: .tooLarge, path: path,
        reason: "describes more than a file of its size can hold; refused as damaged or hostile; "
          + "download it again")
    }
  }
}
