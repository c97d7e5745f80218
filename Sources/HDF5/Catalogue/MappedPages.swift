#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Pages of mapped files that have been read.
package enum MappedPages {
  /// Takes the pages that hold `bytes`, which are of a mapped file, out of this process.
  ///
  /// They stay in the system's cache of files, and come back when they are read again; so going
  /// once through a large file takes no more memory than a part of it.
  package static func release(_ bytes: UnsafeRawBufferPointer) {
    guard let first = bytes.baseAddress, !bytes.isEmpty else { return }
    let before = Int(bitPattern: first) % max(1, sysconf(Int32(_SC_PAGESIZE)))
    // No more than advice: when it is not taken, only memory is lost.
    madvise(UnsafeMutableRawPointer(mutating: first - before), bytes.count + before, MADV_DONTNEED)
  }
}
