import CHDF5

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// The HDF5 library itself: one lock around every call, and its error stack as Swift errors.
enum Library {
  private static let lock = RecursiveLock()

  /// Set once: filter plug-ins are code that a file can ask for, so none is ever loaded.
  private static let pluginsOff: Bool = H5PLset_loading_state(0) >= 0

  /// Set once: what h5py compresses with beside the library's own.
  private static let hasLZF: Bool = LZF.register()

  /// Runs `body` with no other HDF5 call in progress.
  ///
  /// HDF5 keeps its error stack, and the switch that stops it printing that stack, per thread;
  /// a task may resume on any thread, so both are handled here rather than once at start-up.
  static func call<R: ~Copyable, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
    lock.acquire()
    H5Eset_auto2(chdf5_default(), nil, nil)
    _ = (pluginsOff, hasLZF)
    defer {
      H5Eclear2(chdf5_default())
      lock.release()
    }
    return try body()
  }

  /// Runs `body`, which closes something, without losing the errors that wait to be read.
  ///
  /// A failed call leaves its records on the stack, and the identifiers around it are closed on
  /// the way to where they are read; but every call of the library begins by clearing the stack.
  static func closing(_ body: () -> Void) {
    lock.acquire()
    defer { lock.release() }
    guard H5Eget_num(chdf5_default()) > 0 else {
      H5Eset_auto2(chdf5_default(), nil, nil)
      body()
      H5Eclear2(chdf5_default())
      return
    }
    let stack = H5Eget_current_stack()
    body()
    H5Eset_current_stack(stack)
  }

  /// The records on the error stack of this thread, innermost first.
  static func failure() -> LibraryFailure {
    var failure = LibraryFailure()
    withUnsafeMutablePointer(to: &failure) { pointer in
      _ = H5Ewalk2(
        chdf5_default(), H5E_WALK_UPWARD,
        { depth, record, context in
          guard let record = record?.pointee,
            let failure = context?.assumingMemoryBound(to: LibraryFailure.self)
          else { return 0 }
          if depth == 0, let text = record.desc { failure.pointee.text = String(cString: text) }
          failure.pointee.minors.append(record.min_num)
          return 0
        }, pointer)
    }
    H5Eclear2(chdf5_default())
    return failure
  }
}

/// What the library's error stack said: its minor codes, innermost first, and its innermost text.
struct LibraryFailure {
  var minors: [hid_t] = []
  var text = "unknown HDF5 error"

  /// The class of failure that the codes mean.
  ///
  /// Codes further in are nearer the cause, so the first one known decides.
  var kind: HDF5Error.Kind {
    for minor in minors {
      switch minor {
      case chdf5_error_not_hdf5(): return .notHDF5
      case chdf5_error_truncated(): return .truncated
      case chdf5_error_not_found(): return .objectNotFound
      case chdf5_error_already_exists(), chdf5_error_exists(), chdf5_error_file_exists():
        return .alreadyExists
      case chdf5_error_no_filter(), chdf5_error_unsupported(), chdf5_error_version():
        return .unsupported
      case chdf5_error_write(), chdf5_error_no_space(): return .cannotWrite
      case chdf5_error_cannot_lock(): return .locked
      case chdf5_error_bad_type(), chdf5_error_cannot_convert(): return .wrongType
      case chdf5_error_read(), chdf5_error_overflow(), chdf5_error_cannot_filter():
        return .damaged
      default: continue
      }
    }
    return .library
  }
}

/// A lock that its holder may take again, as closing an identifier inside a call does.
private final class RecursiveLock: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)

  init() {
    var attributes = pthread_mutexattr_t()
    pthread_mutexattr_init(&attributes)
    pthread_mutexattr_settype(&attributes, Int32(PTHREAD_MUTEX_RECURSIVE))
    pthread_mutex_init(mutex, &attributes)
    pthread_mutexattr_destroy(&attributes)
  }

  deinit {
    pthread_mutex_destroy(mutex)
    mutex.deallocate()
  }

  func acquire() { pthread_mutex_lock(mutex) }
  func release() { pthread_mutex_unlock(mutex) }
}
