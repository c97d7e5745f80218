import HDF5
import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Work on rows by threads of their own.
enum ParallelRows {
  /// What `body` makes of each row, in order, computed by up to `threads` threads.
  ///
  /// - Precondition: `threads > 0`.
  static func map<R: Sendable>(
    _ count: Int, threads: Int, _ body: @escaping @Sendable (Int) -> R
  ) -> [R] {
    let next = Atomic<Int>(0)
    let results = Mutex<[R?]>([R?](repeating: nil, count: count))
    let size = 16
    let used = max(1, min(threads, count / size))
    let handles = (1..<max(used, 1)).compactMap { _ in WorkerThread.start { work() } }
    @Sendable func work() {
      while true {
        let start = next.add(size, ordering: .relaxed).oldValue
        guard start < count else { return }
        let part = (start..<min(start + size, count)).map(body)
        results.withLock { results in
          for (place, result) in part.enumerated() { results[start + place] = result }
        }
      }
    }
    work()
    for handle in handles { handle.join() }
    return results.withLock { $0.compactMap { $0 } }
  }
}

/// A thread, with the way of reading HDF5 files of the one that made it.
struct WorkerThread: @unchecked Sendable {
  private final class Work: Sendable {
    let reader: FileReader
    let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) {
      reader = FileReader.current
      self.body = body
    }
  }

  #if canImport(Darwin)
    private typealias Start = @convention(c) (UnsafeMutableRawPointer) -> UnsafeMutableRawPointer?
  #else
    private typealias Start = @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer?
  #endif

  private let handle: pthread_t

  private init(handle: pthread_t) { self.handle = handle }

  /// Starts a thread that runs `body`; `nil` when the system has none left.
  static func start(_ body: @escaping @Sendable () -> Void) -> WorkerThread? {
    let work = Unmanaged.passRetained(Work(body))
    guard let handle = created(work.toOpaque()) else {
      work.release()
      return nil
    }
    return WorkerThread(handle: handle)
  }

  private static func created(_ work: UnsafeMutableRawPointer) -> pthread_t? {
    let start: Start = { WorkerThread.run($0) }
    #if canImport(Darwin)
      var handle: pthread_t?
      return pthread_create(&handle, nil, start, work) == 0 ? handle : nil
    #else
      var handle = pthread_t()
      return pthread_create(&handle, nil, start, work) == 0 ? handle : nil
    #endif
  }

  private static func run(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let pointer else { return nil }
    let work = Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue()
    FileReader.$current.withValue(work.reader) { work.body() }
    return nil
  }

  /// Waits until it is done. Once only.
  func join() { pthread_join(handle, nil) }
}
