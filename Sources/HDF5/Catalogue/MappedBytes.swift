import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The bytes of a file, mapped into memory where they are asked for.
///
/// When another program makes the file shorter, the system answers a read of the lost pages with a
/// signal that ends the process. Here such pages read as zeros instead, and ``hasLost`` tells.
final class MappedBytes: @unchecked Sendable {
  // Read only, and unmapped when nobody holds the object.
  let buffer: UnsafeRawBufferPointer
  private let watch: Int?

  init(_ descriptor: Int32, count: Int, path: String) throws(HDF5Error) {
    guard count > 0 else {
      buffer = UnsafeRawBufferPointer(start: nil, count: 0)
      watch = nil
      return
    }
    let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
    guard let address, address != MAP_FAILED else {
      throw HDF5Error(kind: .cannotOpen, path: path, reason: "its bytes cannot be mapped")
    }
    guard let watch = LostPages.watch(address, count) else {
      munmap(address, count)
      throw HDF5Error(kind: .cannotOpen, path: path, reason: "too many files are open at once")
    }
    buffer = UnsafeRawBufferPointer(start: address, count: count)
    self.watch = watch
  }

  deinit {
    guard let address = buffer.baseAddress, let watch else { return }
    LostPages.unwatch(watch)
    munmap(UnsafeMutableRawPointer(mutating: address), buffer.count)
  }

  /// Whether bytes were read that the file no longer had.
  var hasLost: Bool { watch.map { LostPages.hasLost($0) } ?? false }

  /// The `count` bytes at `offset`, or `nil` when they are not all in the file.
  func slice(_ offset: Int, _ count: Int) -> UnsafeRawBufferPointer? {
    guard offset >= 0, count >= 0, offset <= buffer.count, count <= buffer.count - offset else {
      return nil
    }
    return UnsafeRawBufferPointer(rebasing: buffer[offset..<offset + count])
  }
}

/// What stands between a mapped file that another program cuts and the end of this process.
///
/// What a signal does is the whole process's, and its handler may neither lock nor allocate: so
/// this is the one table of the package that all threads share, made of atomics. The handler is set
/// when a file is mapped first, that is, never in a program that reads in process.
private enum LostPages {
  /// A mapping, or room for one where `start` is 0.
  struct Mapping: ~Copyable {
    let start = Atomic<UInt>(0)
    let count = Atomic<Int>(0)
    let hasLost = Atomic<Bool>(false)
  }

  /// As many mappings as there may be; a process may have fewer files open.
  static let most = 4096

  nonisolated(unsafe) static let mappings: UnsafeMutablePointer<Mapping> = {
    let mappings = UnsafeMutablePointer<Mapping>.allocate(capacity: most)
    for index in 0..<most { (mappings + index).initialize(to: Mapping()) }
    return mappings
  }()

  nonisolated(unsafe) static let previous: UnsafeMutablePointer<sigaction> = {
    let previous = UnsafeMutablePointer<sigaction>.allocate(capacity: 1)
    previous.initialize(to: sigaction())
    var action = sigaction()
    sigemptyset(&action.sa_mask)
    action.sa_flags = SA_SIGINFO | Int32(SA_ONSTACK)
    #if canImport(Darwin)
      action.__sigaction_u.__sa_sigaction = { _, information, _ in
        LostPages.handle(information?.pointee.si_addr)
      }
    #else
      action.__sigaction_handler.sa_sigaction = { _, information, _ in
        LostPages.handle(information?.pointee._sifields._sigfault.si_addr)
      }
    #endif
    sigaction(SIGBUS, &action, previous)
    return previous
  }()

  static let pageSize = UInt(sysconf(Int32(_SC_PAGESIZE)))

  /// Watches `count` bytes at `address`; gives the number of the mapping, if there is room.
  static func watch(_ address: UnsafeMutableRawPointer, _ count: Int) -> Int? {
    _ = (previous, pageSize)
    for index in 0..<most {
      // Taken with an address that no page has, until all of it is written.
      guard
        mappings[index].start.compareExchange(
          expected: 0, desired: 1, ordering: .acquiringAndReleasing
        ).exchanged
      else { continue }
      mappings[index].hasLost.store(false, ordering: .relaxed)
      mappings[index].count.store(count, ordering: .relaxed)
      mappings[index].start.store(UInt(bitPattern: address), ordering: .releasing)
      return index
    }
    return nil
  }

  static func unwatch(_ index: Int) { mappings[index].start.store(0, ordering: .releasing) }

  static func hasLost(_ index: Int) -> Bool { mappings[index].hasLost.load(ordering: .acquiring) }

  /// In the signal handler: zeros from the page of `address` to the end of its mapping.
  static func handle(_ address: UnsafeMutableRawPointer?) {
    let saved = errno
    defer { errno = saved }
    let place = UInt(bitPattern: address)
    for index in 0..<most {
      let start = mappings[index].start.load(ordering: .acquiring)
      let end = start &+ UInt(bitPattern: mappings[index].count.load(ordering: .relaxed))
      guard start > 1, place >= start, place < end else { continue }
      mappings[index].hasLost.store(true, ordering: .releasing)
      let page = place & ~(pageSize - 1)
      let zeros = mmap(
        UnsafeMutableRawPointer(bitPattern: page), Int(end - page), PROT_READ,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
      if zeros != MAP_FAILED { return }
      break
    }
    // Not ours: let it happen again, to whom it belongs.
    sigaction(SIGBUS, previous, nil)
  }
}
