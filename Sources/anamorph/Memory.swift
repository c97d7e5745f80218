#if canImport(Glibc)
  import Glibc
#endif

/// How the C library keeps memory that was given back, for commands that need much of it in turn.
///
/// Nothing happens where the C library is not GNU's.
enum Memory {
  /// Blocks of 16 MiB and more go back to the system as soon as they are free; smaller ones are
  /// kept for the next.
  static func keepSmall() {
    // M_MMAP_THRESHOLD and M_TRIM_THRESHOLD of malloc.h, which Swift does not import.
    for (parameter, bytes) in [(-3, 16 << 20), (-1, 64 << 20)] as [(Int32, Int32)] {
      call("mallopt", as: (@convention(c) (Int32, Int32) -> Int32).self) {
        _ = $0(parameter, bytes)
      }
    }
  }

  /// Gives back what is kept.
  static func giveBack() {
    call("malloc_trim", as: (@convention(c) (Int) -> Int32).self) { _ = $0(0) }
  }

  private static func call<Function>(
    _ name: String, as: Function.Type, _ body: (Function) -> Void
  ) {
    #if canImport(Glibc)
      if let symbol = dlsym(nil, name) { body(unsafeBitCast(symbol, to: Function.self)) }
    #endif
  }
}
