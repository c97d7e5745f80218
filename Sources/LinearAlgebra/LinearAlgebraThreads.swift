import CLAPACK

/// How many threads OpenBLAS may use, for the whole process.
///
/// A product's sums are split differently for different numbers of threads, so results agree to
/// rounding (a few units in the last place of the largest term), not to the bit. With one thread
/// the same input gives the same bits. Use one thread also when several Swift tasks multiply
/// matrices at the same time: they otherwise wait for one another's threads.
public enum LinearAlgebraThreads {
  /// The number of threads in use now.
  public static var count: Int { Int(openblas_get_num_threads()) }

  /// Lets OpenBLAS use `count` threads from now on.
  ///
  /// - Precondition: `count > 0`.
  public static func use(_ count: Int) {
    precondition(count > 0, "\(count) threads cannot compute anything")
    openblas_set_num_threads(blasSize(count))
  }
}
