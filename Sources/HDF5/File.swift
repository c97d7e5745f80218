import CHDF5
import Files

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// An HDF5 file, open for reading, or for writing inside ``create(_:_:)``.
///
///     let file = try File(readingAt: "lenet.h5")
///     let kernel = try file.root.dataset("conv1/kernel")
///     print(kernel.shape, try kernel.read(as: Float.self)[0])  // [5, 5, 1, 6] 0.0312
///
/// What a file says is checked before it is believed: nothing in it traps, runs code, reaches
/// another file, or takes memory beyond what it stores.
public final class File: Sendable {
  /// The file as the caller named it.
  public let path: String

  /// The length of the file in bytes when it was opened; 0 while it is written.
  public let byteCount: Int

  let identifier: Identifier

  /// What a reader process found in the file, when one was asked.
  let catalogue: CatalogueFile?

  /// Opens the file at `path` for reading, its structures parsed by ``FileReader/current``.
  ///
  /// - Throws: ``HDF5Error`` of kind `.fileNotFound`, `.cannotOpen`, `.notHDF5`, `.truncated`,
  ///   `.locked` or `.library`.
  public init(readingAt path: String) throws(HDF5Error) {
    self.path = path
    if case .childProcess(let reader) = FileReader.current {
      let catalogue = try CatalogueFile(path, reader)
      self.catalogue = catalogue
      byteCount = catalogue.byteCount
      identifier = .none
      return
    }
    catalogue = nil
    let descriptor = try Self.descriptor(path)
    defer { close(descriptor) }
    self.byteCount = try Self.length(of: descriptor, path)
    self.identifier = try Library.call { () throws(HDF5Error) in
      guard
        let access = Identifier(H5Pcreate(chdf5_file_access()), closedBy: H5Pclose),
        // A file system without locks is no reason not to read.
        H5Pset_file_locking(access.raw, true, true) >= 0,
        // The usual driver asks for the real name behind a link, which a removed file has not.
        !Self.isRemoved(descriptor) || H5Pset_fapl_stdio(access.raw) >= 0,
        let file = Identifier(H5Fopen(path, chdf5_read_only(), access.raw), closedBy: H5Fclose)
      else { throw .library(path: path, "cannot be opened") }
      // The other driver's handle is not a descriptor.
      if !Self.isRemoved(descriptor) { Self.keepFromChildren(file.raw) }
      return file
    }
  }

  /// Opens the file at `path` by what a reader process answered about it: `answer`.
  ///
  /// For tests, which give answers that no reader would.
  ///
  /// - Throws: ``HDF5Error``, as ``init(readingAt:)``.
  package init(readingAt path: String, answer: [UInt8]) throws(HDF5Error) {
    self.path = path
    let catalogue = try CatalogueFile(path, answer: answer)
    self.catalogue = catalogue
    byteCount = catalogue.byteCount
    identifier = .none
  }

  private init(path: String, identifier: consuming Identifier) {
    self.path = path
    self.byteCount = 0
    self.catalogue = nil
    self.identifier = identifier
  }

  /// The group at the top.
  public var root: Group {
    get throws(HDF5Error) { try Group(file: self, path: "/") }
  }

  /// Lets `body` write a file that then appears at `path` whole, replacing what is there.
  ///
  /// The file is written under another name in the same folder and moved when it is complete and
  /// flushed. When `body` throws, or the process ends before, `path` holds what it held. Objects
  /// of the file must not be used after `body` returns.
  ///
  /// - Throws: what `body` throws, ``HDF5Error`` or `FileError`.
  public static func create(_ path: String, _ body: (_ root: Group) throws -> Void) throws {
    try AtomicFile.replace(path) { temporary in
      let file = try File(path: path, identifier: creating(temporary, for: path))
      try body(try file.root)
      try Library.call { () throws(HDF5Error) in
        guard H5Fflush(file.identifier.raw, H5F_SCOPE_LOCAL) >= 0,
          H5Fclose(file.identifier.raw) >= 0
        else { throw .library(path: path, "cannot be written") }
      }
    }
  }

  private static func creating(
    _ temporary: String, for path: String
  ) throws(HDF5Error) -> Identifier {
    // The library gives no code for what the system said, so the system is asked first.
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else {
      throw HDF5Error(kind: .cannotWrite, path: path, reason: FileError.system(path).reason)
    }
    close(descriptor)
    return try Library.call { () throws(HDF5Error) in
      guard
        let access = Identifier(H5Pcreate(chdf5_file_access()), closedBy: H5Pclose),
        H5Pset_file_locking(access.raw, true, true) >= 0,
        // Closing the file closes what is still open in it, so that it is complete.
        H5Pset_fclose_degree(access.raw, H5F_CLOSE_STRONG) >= 0,
        let file = Identifier(
          H5Fcreate(temporary, chdf5_truncate(), chdf5_default(), access.raw),
          closedBy: { H5Iis_valid($0) > 0 ? H5Fclose($0) : 0 })
      else { throw .library(path: path, "cannot be written") }
      keepFromChildren(file.raw)
      return file
    }
  }

  /// Lets no process started from here inherit the library's descriptor: it carries a lock, which
  /// lasts as long as any process holds it. Under `Library.call`.
  private static func keepFromChildren(_ file: hid_t) {
    var handle: UnsafeMutableRawPointer?
    guard H5Fget_vfd_handle(file, chdf5_default(), &handle) >= 0, let handle else { return }
    _ = fcntl(handle.load(as: Int32.self), F_SETFD, FD_CLOEXEC)
  }

  /// A descriptor of the file at `path`, or why the system does not let it be read.
  static func descriptor(_ path: String) throws(HDF5Error) -> Int32 {
    let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      let kind: HDF5Error.Kind = errno == ENOENT ? .fileNotFound : .cannotOpen
      throw HDF5Error(kind: kind, path: path, reason: FileError.system(path).reason)
    }
    return descriptor
  }

  /// Whether no name leads to the file behind `descriptor` any more.
  private static func isRemoved(_ descriptor: Int32) -> Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_nlink == 0
  }

  /// The length of the regular file behind `descriptor`.
  static func length(of descriptor: Int32, _ path: String) throws(HDF5Error) -> Int {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw HDF5Error(kind: .cannotOpen, path: path, reason: FileError.system(path).reason)
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG: return Int(status.st_size)
    case S_IFDIR:
      throw HDF5Error(kind: .cannotOpen, path: path, reason: "a folder, not a file")
    default:
      throw HDF5Error(kind: .cannotOpen, path: path, reason: "not a regular file")
    }
  }
}
