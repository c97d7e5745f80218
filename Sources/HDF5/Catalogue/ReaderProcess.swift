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
  /// How long an answer may take, in seconds, beside what the length of the file allows.
  public var seconds: Double

  /// A reader that is the program `executable` with `arguments`.
  public init(executable: String, arguments: [String], seconds: Double = 10) {
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
    let answer: Catalogue.Answer
    do throws(CatalogueDecoder.Garbled) {
      answer = try Catalogue.answer(bytes, byteCount: byteCount)
    } catch { throw Self.garbled(path) }
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

  /// The elements of `rows` of the dataset `object`, and whether their highest byte comes first.
  func values(
    _ file: CatalogueFile, _ object: String, _ rows: Range<Int>?
  ) throws(HDF5Error) -> (bytes: [UInt8], isBigEndian: Bool) {
    var record = try record(.values, "values", file, object, rows)
    do throws(CatalogueDecoder.Garbled) {
      let isBigEndian = try record.flag()
      let bytes = Array(try record.data())
      return (bytes, isBigEndian)
    } catch { throw Self.garbled(file.path) }
  }

  /// The texts of `rows` of the dataset `object`.
  func texts(
    _ file: CatalogueFile, _ object: String, _ rows: Range<Int>?
  ) throws(HDF5Error) -> [String] {
    var record = try record(.texts, "texts", file, object, rows)
    do throws(CatalogueDecoder.Garbled) {
      return try record.list { decoder throws(CatalogueDecoder.Garbled) in try decoder.text() }
    } catch { throw Self.garbled(file.path) }
  }

  /// The record of the kind `tag` in the answer to `question`.
  private func record(
    _ tag: CatalogueTag, _ question: String, _ file: CatalogueFile, _ object: String,
    _ rows: Range<Int>?
  ) throws(HDF5Error) -> CatalogueDecoder {
    guard try File.length(of: file.descriptor, file.path) == file.byteCount else {
      throw HDF5Error(kind: .damaged, path: file.path, reason: "the file changed while it was read")
    }
    let bounds = rows.map { ["\($0.lowerBound)", "\($0.upperBound)"] } ?? []
    let bytes = try answer(
      [question, object] + bounds, file.descriptor, byteCount: file.byteCount, path: file.path,
      limit: Int.max >> 1)
    let found: CatalogueTag
    var record: CatalogueDecoder
    var failure: Catalogue.Answer?
    do throws(CatalogueDecoder.Garbled) {
      var decoder = CatalogueDecoder(bytes[...])
      let payload: ArraySlice<UInt8>
      (found, payload) = try decoder.record()
      record = CatalogueDecoder(payload)
      if found == .failure { failure = try record.answer() }
    } catch { throw Self.garbled(file.path) }
    if case .failure(let kind, let object, let reason)? = failure {
      throw HDF5Error(kind: kind, path: file.path, object: object, reason: reason)
    }
    guard found == tag else { throw Self.garbled(file.path) }
    return record
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
        reason: "describes more than a file of its size can hold; refused as damaged or hostile")
    }
  }
}
