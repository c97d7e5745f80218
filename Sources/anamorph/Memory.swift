#if canImport(Glibc)
  import Glibc
#endif

/// How the C library keeps memory that was given back, for commands that need much of it in turn.
enum Memory {
  /// Blocks of 16 MiB and more go back to the system as soon as they are free; smaller ones are
  /// kept for the next.
  static func keepSmall() {
    #if canImport(Glibc)
      mallopt(M_MMAP_THRESHOLD, 16 << 20)
      mallopt(M_TRIM_THRESHOLD, 64 << 20)
    #endif
  }

  /// Gives back what is kept.
  static func giveBack() {
    #if canImport(Glibc)
      malloc_trim(0)
    #endif
  }
}
