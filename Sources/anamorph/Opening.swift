import Checkpoints
import Dispatch
import Files
import HDF5
import Synchronization

extension Checkpoint {
  /// Opens several checkpoints at once, since each waits for a process that reads its file.
  ///
  /// - Throws: `FileError` of the first that cannot be read.
  static func open(_ paths: [String]) throws(FileError) -> [Checkpoint] {
    let reader = FileReader.current
    let results = Mutex<[Result<Checkpoint, FileError>?]>(
      [Result<Checkpoint, FileError>?](repeating: nil, count: paths.count))
    DispatchQueue.concurrentPerform(iterations: paths.count) { index in
      let result = FileReader.$current.withValue(reader) {
        Result { () throws(FileError) in try Checkpoint.open(paths[index]) }
      }
      results.withLock { $0[index] = result }
    }
    var opened: [Checkpoint] = []
    for case let result? in results.withLock({ $0 }) { opened.append(try result.get()) }
    return opened
  }
}
