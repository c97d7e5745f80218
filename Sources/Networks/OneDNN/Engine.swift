import COneDNN

/// The processor as oneDNN sees it, with a stream that runs primitives in order on the calling
/// thread and on so many threads in all.
final class Engine {
  let handle: dnnl_engine_t
  let stream: dnnl_stream_t
  let threads: Int

  init(threads: Int) throws(NetworkError) {
    precondition(threads >= 1, "\(threads) threads")
    self.threads = threads
    var engine: dnnl_engine_t?
    try check(dnnl_engine_create(&engine, dnnl_cpu, 0), "start")
    guard let engine else { throw NetworkError(reason: "oneDNN could not start") }
    var stream: dnnl_stream_t?
    let status = dnnl_stream_create(&stream, engine, UInt32(dnnl_stream_default_flags.rawValue))
    guard status == dnnl_success, let stream else {
      dnnl_engine_destroy(engine)
      throw NetworkError(reason: "oneDNN could not start a stream (status \(status.rawValue))")
    }
    handle = engine
    self.stream = stream
  }

  deinit {
    dnnl_stream_destroy(stream)
    dnnl_engine_destroy(handle)
  }

  /// Makes this executor's number of threads count for the calling thread.
  ///
  /// OpenMP keeps the number per thread, and a caller may come on another thread each time.
  func enter() { conednn_use_threads(Int32(threads)) }

  /// Runs `body` on this executor's number of threads, after which the former one counts again.
  func within<E>(_ body: () throws(E) -> Void) throws(E) {
    let former = conednn_used_threads()
    enter()
    defer { conednn_use_threads(former) }
    try body()
  }

  /// Calls `body` once on each of oneDNN's threads with its number and how many there are, which may
  /// be fewer than ``threads``: OpenMP decides.
  func onThreads(_ body: (_ thread: Int, _ count: Int) -> Void) {
    guard threads > 1 else { return body(0, 1) }
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: body) { pointer in
        conednn_on_threads(
          Int32(threads),
          { context in
            context?.load(as: ((Int, Int) -> Void).self)(
              Int(conednn_thread()), Int(conednn_thread_count()))
          }, UnsafeMutableRawPointer(mutating: pointer))
      }
    }
  }
}

/// Throws unless a call of oneDNN succeeded.
func check(
  _ status: dnnl_status_t, _ action: String, layer: String? = nil
) throws(NetworkError) {
  if status == dnnl_success { return }
  let reason =
    switch status {
    case dnnl_out_of_memory: "not enough memory"
    case dnnl_unimplemented: "not implemented for these shapes"
    case dnnl_invalid_arguments: "these shapes do not go together"
    default: "status \(status.rawValue)"
    }
  throw NetworkError(layer: layer, reason: "oneDNN could not \(action): \(reason)")
}
