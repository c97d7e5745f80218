#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The processors of this machine.
enum Processors {
  /// How many are online, at least one.
  static let count = max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))))
}
