import CHDF5

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// How a dataset's values are stored in the file.
public struct Storage: Hashable, Sendable {
  /// Where the values are.
  public enum Layout: Hashable, Sendable {
    /// In the object's own header.
    case compact
    /// In one piece.
    case contiguous
    /// In blocks of the given extents.
    case chunked([Int])
    /// In other datasets; always refused.
    case virtual
    /// In other files; always refused.
    case external
  }

  /// A step that chunks go through.
  public struct Filter: Hashable, Sendable, CustomStringConvertible {
    /// The number that the HDF Group registered for it.
    public var number: Int
    /// The name the file gives it.
    public var name: String
    /// The values that the file gives it to work with.
    var settings: [UInt32] = []
    /// Whether the library that reads the file has it.
    var isAvailable = false
    /// Its name and number.
    public var description: String { "\(name) (filter \(number))" }
  }

  /// Where the values are.
  public var layout: Layout
  /// The steps that chunks went through when they were written, in that order.
  public var filters: [Filter]
  /// The bytes that the values take in the file; 0 when none was ever written.
  public var byteCount: Int
  /// Where a contiguous dataset begins in the file, if its values were ever written.
  package internal(set) var offset: Int?

  /// The storage that a catalogue describes.
  init(layout: Layout, filters: [Filter], byteCount: Int, offset: Int?) {
    (self.layout, self.filters) = (layout, filters)
    (self.byteCount, self.offset) = (byteCount, offset)
  }

  /// The storage of the dataset `object`; under `Library.call`.
  init(of object: Object) throws(HDF5Error) {
    guard
      let list = Identifier(H5Dget_create_plist(object.identifier.raw), closedBy: H5Pclose)
    else { throw object.failure("its storage cannot be described") }
    switch H5Pget_layout(list.raw) {
    case H5D_COMPACT: layout = .compact
    case H5D_CONTIGUOUS: layout = H5Pget_external_count(list.raw) > 0 ? .external : .contiguous
    case H5D_CHUNKED:
      var extents = [hsize_t](repeating: 0, count: 32)
      let rank = Int(H5Pget_chunk(list.raw, 32, &extents))
      guard (1...32).contains(rank) else { throw object.failure("its chunks cannot be described") }
      layout = .chunked(extents.prefix(rank).map { Int(clamping: $0) })
    case H5D_VIRTUAL: layout = .virtual
    default: throw object.failure("its storage cannot be described")
    }
    filters = try Self.filters(list.raw, of: object)
    byteCount = layout == .virtual ? 0 : Int(clamping: H5Dget_storage_size(object.identifier.raw))
    if layout == .contiguous {
      offset = Int(exactly: H5Dget_offset(object.identifier.raw))
    }
  }

  private static func filters(_ list: hid_t, of object: Object) throws(HDF5Error) -> [Filter] {
    let count = H5Pget_nfilters(list)
    guard count >= 0 else { throw object.failure("its filters cannot be described") }
    var filters: [Filter] = []
    for index in 0..<UInt32(count) {
      var (flags, valueCount, configuration) = (UInt32(0), 16, UInt32(0))
      var settings = [UInt32](repeating: 0, count: 16)
      var name = [UInt8](repeating: 0, count: 256)
      let number = name.withUnsafeMutableBytes { buffer in
        H5Pget_filter2(
          list, index, &flags, &valueCount, &settings, 255,
          buffer.baseAddress?.assumingMemoryBound(to: CChar.self), &configuration)
      }
      guard number >= 0 else { throw object.failure("its filters cannot be described") }
      let text = String(decoding: name.prefix { $0 != 0 }, as: UTF8.self)
      let known = (1...6).contains(number) || Int(number) == LZF.number
      filters.append(
        Filter(
          number: Int(number), name: text.isEmpty ? Self.name(of: Int(number)) : text,
          settings: Array(settings.prefix(valueCount)),
          isAvailable: known && H5Zfilter_avail(number) > 0))
    }
    return filters
  }

  private static func name(of filter: Int) -> String {
    switch filter {
    case 1: "deflate"
    case 2: "shuffle"
    case 3: "fletcher32"
    case 4: "szip"
    case 5: "nbit"
    case 6: "scaleoffset"
    default: "unknown"
    }
  }
}

extension Dataset {
  /// Refuses values that no reading would give, before any is read: those that lie in other files,
  /// went through unknown filters, or are claimed far beyond what is stored.
  ///
  /// Every reading does this itself; call it to list only what can be read.
  ///
  /// - Throws: ``HDF5Error`` of kind `.unsupported`, `.tooLarge` or `.truncated`.
  public func requireReadable() throws(HDF5Error) { try checkStorage() }

  /// Refuses values that lie in other files, went through unknown filters, or are claimed far
  /// beyond what is stored.
  ///
  /// A file may leave blocks out, which then read as a fill value, and deflate shrinks at most
  /// 1032-fold; so a claim is believed up to that multiple of the bytes stored, and up to 64 MiB
  /// whatever is stored.
  func checkStorage() throws(HDF5Error) {
    switch storage.layout {
    case .virtual:
      throw error(.unsupported, "its values are in other datasets; virtual datasets are refused")
    case .external:
      throw error(.unsupported, "its values are in other files; external storage is refused")
    case .contiguous, .compact, .chunked: break
    }
    for filter in storage.filters {
      guard filter.isAvailable else {
        throw error(
          .unsupported, "compressed with \(filter), which cannot be read; repack the file with gzip"
        )
      }
    }
    guard file.byteCount > 0 else { return }  // being written here
    var claimed = claimedByteCount
    if case .chunked(let extents) = storage.layout {
      var chunk = elementSize
      for extent in extents {
        let (product, overflow) = chunk.multipliedReportingOverflow(by: extent)
        chunk = overflow ? Int.max : product
      }
      claimed = max(claimed, chunk)
    } else if let offset = storage.offset, claimed > 0 {
      let (end, overflow) = offset.addingReportingOverflow(claimed)
      guard !overflow, end <= file.byteCount else {
        throw error(.truncated, "its values lie beyond the end of the file; it is cut short")
      }
    }
    let stored = min(storage.byteCount, file.byteCount)
    let (believed, overflow) = stored.multipliedReportingOverflow(by: 1032)
    guard overflow || claimed <= max(believed, 64 << 20) else {
      throw error(
        .tooLarge,
        "claims \(claimed) bytes of values but stores \(stored); refused as damaged or hostile; "
          + "download it again, or write all of its values")
    }
  }

  /// Refuses to take `bytes` bytes of memory for values that take `claimed` bytes in the file before
  /// compression, when the file is much shorter than that.
  ///
  /// Values that are stored in full, or nearly, are always read: memory is then in proportion to
  /// the file. Values that come from few bytes, by compression or because they were never written,
  /// may take ``File/allowance``. So no reading takes much more than twice the file and a constant.
  func checkMemory(_ bytes: Int, claimed: Int) throws(HDF5Error) {
    let memory = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    guard bytes <= memory else {
      throw error(.tooLarge, "takes \(bytes) bytes, more than this machine's memory")
    }
    guard file.byteCount > 0 else { return }  // being written here
    let stored = min(storage.byteCount, file.byteCount)
    guard claimed <= stored + stored / 2 || bytes <= file.allowance else {
      throw error(
        .tooLarge,
        "claims \(claimed) bytes where the file stores \(stored); reading them would take "
          + "\(bytes) bytes of memory; repack it without compression")
    }
  }

  /// As ``checkMemory(_:claimed:)`` for `count` elements that take `size` bytes each in memory,
  /// beside those in the file where they are not decoded in place.
  func checkMemory(_ count: Int, _ size: Int) throws(HDF5Error) {
    let (claimed, overflow) = count.multipliedReportingOverflow(by: elementSize)
    let (result, overflown) = count.multipliedReportingOverflow(by: size)
    let (bytes, beyond) = claimed.addingReportingOverflow(result)
    guard !overflow, !overflown, !beyond else {
      throw error(.tooLarge, "\(count) elements are more than this machine's memory holds")
    }
    try checkMemory(bytes, claimed: claimed)
  }
}

extension File {
  /// The bytes of memory that reading may take whatever the file stores: twice its length and a
  /// constant.
  package var allowance: Int { Self.allowance(byteCount) }

  /// The allowance of a file of `byteCount` bytes.
  package static func allowance(_ byteCount: Int) -> Int {
    256 << 20 + 2 * min(byteCount, 1 << 48)
  }
}
