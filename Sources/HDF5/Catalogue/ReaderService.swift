import CHDF5

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The other side of a ``ReaderProcess``: what the program does that it starts.
public enum ReaderService {
  /// Answers the question in `arguments` about the file that is open as descriptor 3, on standard
  /// output, under limits of memory and processor time; gives the exit status.
  public static func run(_ arguments: [String]) -> Int32 {
    let service: Service
    do throws(HDF5Error) {
      service = try Service()
    } catch { return 70 }
    let encoder: CatalogueEncoder
    do throws(HDF5Error) {
      switch (arguments.first, arguments.count) {
      case ("catalogue", 1): return try service.catalogue()
      case ("values", 2), ("values", 4):
        return try service.values(arguments[1], rows(arguments))
      case ("texts", 2), ("texts", 4):
        encoder = try service.texts(arguments[1], rows(arguments))
      default: return 64
      }
    } catch {
      var failure = CatalogueEncoder()
      failure.record(.failure) {
        $0.failure(error.kind, error.reason)
        $0.flag(error.object != nil)
        if let object = error.object { $0.text(object) }
      }
      Service.send(failure.bytes)
      return 0
    }
    Service.send(encoder.bytes)
    return 0
  }

  private static func rows(_ arguments: [String]) throws(HDF5Error) -> Range<Int>? {
    guard arguments.count == 4 else { return nil }
    guard let lower = Int(arguments[2]), let upper = Int(arguments[3]), 0 <= lower, lower <= upper
    else { throw HDF5Error(kind: .wrongShape, path: Service.path, reason: "no range of rows") }
    return lower..<upper
  }
}

private struct Service {
  #if canImport(Darwin)
    static let path = "/dev/fd/3"
  #else
    static let path = "/proc/self/fd/3"
  #endif
  private let byteCount: Int

  init() throws(HDF5Error) {
    byteCount = try File.length(of: 3, Self.path)
    limit()
  }

  /// Leaves this process what reading a file of this length takes, and nothing to write with.
  private func limit() {
    let memory = 2 * byteCount + ReaderProcess.constant
    set(Int32(RLIMIT_CORE.rawValue), 0)
    set(Int32(RLIMIT_FSIZE.rawValue), 0)
    set(Int32(RLIMIT_CPU.rawValue), 10 + byteCount / 50_000_000)
    set(Int32(RLIMIT_AS.rawValue), Self.addressSpace() + memory)
  }

  private func set(_ resource: Int32, _ value: Int) {
    var limit = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(value))
    #if canImport(Darwin)
      setrlimit(resource, &limit)
    #else
      setrlimit(__rlimit_resource_t(UInt32(resource)), &limit)
    #endif
  }

  /// What this process has mapped before it reads anything: libraries, stacks, the first heap.
  private static func addressSpace() -> Int {
    let descriptor = open("/proc/self/statm", O_RDONLY)
    guard descriptor >= 0 else { return 4 << 30 }
    defer { close(descriptor) }
    var text = [UInt8](repeating: 0, count: 64)
    let count = text.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
    let pages = Int(
      String(decoding: text.prefix(max(count, 0)).prefix { $0 != 0x20 }, as: UTF8.self))
    return pages.map { $0 * Int(sysconf(Int32(_SC_PAGESIZE))) } ?? 4 << 30
  }

  func catalogue() throws(HDF5Error) -> Int32 {
    let file = try File(readingAt: Self.path)
    var taking = CatalogueTaking(file, limit: ReaderProcess.catalogueLimit(byteCount)) {
      Self.send($0)
    }
    try taking.run()
    return 0
  }

  /// Sends the elements of `rows`, a few whole rows of blocks at a time.
  func values(_ object: String, _ rows: Range<Int>?) throws(HDF5Error) -> Int32 {
    let dataset = try dataset(object, rows)
    let extent = dataset.shape.first ?? 0
    guard extent > 0, dataset.count > 0 else {
      try send(dataset, nil)
      return 0
    }
    let rows = rows ?? 0..<extent
    let width = max(1, dataset.count / extent * dataset.elementSize)
    var step = 1
    if case .chunked(let extents) = dataset.storage.layout { step = max(1, extents[0]) }
    let taken = max(1, Self.pieceByteCount / width / step) * min(step, extent)
    for start in stride(from: rows.lowerBound, to: rows.upperBound, by: taken) {
      try send(dataset, start..<min(rows.upperBound, start + taken))
    }
    return 0
  }

  /// About how many bytes of values are sent at a time.
  private static let pieceByteCount = 8 << 20

  private func send(_ dataset: Dataset, _ rows: Range<Int>?) throws(HDF5Error) {
    let (bytes, isBigEndian) = try elements(dataset, rows)
    // A record, but without a copy of the values.
    var content = CatalogueEncoder()
    content.flag(isBigEndian)
    content.number(bytes.count)
    var head = CatalogueEncoder()
    head.bytes.append(CatalogueTag.values.rawValue)
    head.number(content.bytes.count + bytes.count)
    Self.send(head.bytes + content.bytes)
    Self.send(bytes)
  }

  private func elements(
    _ dataset: Dataset, _ rows: Range<Int>?
  ) throws(HDF5Error) -> (bytes: [UInt8], isBigEndian: Bool) {
    switch dataset.elementType {
    case .float32: return (raw(try dataset.converted(Float.self, rows)), false)
    case .float64: return (raw(try dataset.converted(Double.self, rows)), false)
    case .integer(8, true): return (raw(try dataset.converted(Int8.self, rows)), false)
    case .integer(16, true): return (raw(try dataset.converted(Int16.self, rows)), false)
    case .integer(32, true): return (raw(try dataset.converted(Int32.self, rows)), false)
    case .integer(64, true): return (raw(try dataset.converted(Int64.self, rows)), false)
    case .integer(8, false): return (try dataset.converted(UInt8.self, rows), false)
    case .integer(16, false): return (raw(try dataset.converted(UInt16.self, rows)), false)
    case .integer(32, false): return (raw(try dataset.converted(UInt32.self, rows)), false)
    case .integer(64, false): return (raw(try dataset.converted(UInt64.self, rows)), false)
    case .float16, .bfloat16, .boolean, .fixedString, .integer, .opaque(bytes: 2, _):
      return (try dataset.bytes(rows), dataset.isBigEndian)
    case .variableString, .opaque, .other:
      throw dataset.error(.wrongType, "holds \(dataset.elementType), not numbers")
    }
  }

  func texts(_ object: String, _ rows: Range<Int>?) throws(HDF5Error) -> CatalogueEncoder {
    let texts = try dataset(object, rows).readStrings(rows: rows)
    var encoder = CatalogueEncoder()
    encoder.record(.texts) { $0.list(texts) { $0.text($1) } }
    return encoder
  }

  private func dataset(_ path: String, _ rows: Range<Int>?) throws(HDF5Error) -> Dataset {
    let dataset = try File(readingAt: Self.path).root.dataset(path)
    guard (rows?.upperBound ?? 0) <= dataset.shape.first ?? 0 else {
      throw dataset.error(.wrongShape, "has fewer rows than asked for")
    }
    try dataset.checkStorage()
    try PackedBlocks(dataset)?.requireWhole(rows)
    return dataset
  }

  private func raw<T>(_ values: [T]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

  /// Writes to standard output in large pieces.
  static func send(_ bytes: [UInt8]) {
    var offset = 0
    while offset < bytes.count {
      let written = bytes.withUnsafeBytes { buffer in
        write(STDOUT_FILENO, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
      }
      if written < 0 {
        if errno == EINTR { continue }
        _exit(74)
      }
      offset += written
    }
  }
}
