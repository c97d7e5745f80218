package import Files

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Batches of a source that are read by threads of their own while earlier ones are used.
///
/// A ring of a few batches bounds the memory. Threads take parts of batches in order; batches come out
/// in order, and the first failure in that order is the one that is thrown, so nothing depends on how
/// many threads there are.
package final class ReadAhead: @unchecked Sendable {
  /// A batch that is being read or was read.
  private struct Slot {
    var values: UnsafeMutableBufferPointer<Float>
    /// The batch in it.
    var batch = -1
    var partsLeft = 0
    /// The first part that could not be read, and why.
    var failure: (part: Int, error: FileError)?
  }

  private let set: ExampleSet
  private let rows: [Range<Int>]
  private let rowsPerPart: Int
  private let width: Int
  private var slots: [Slot]
  private var threads: [WorkerThread] = []

  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let changed: UnsafeMutablePointer<pthread_cond_t>

  // What the lock guards, with the slots.
  private var nextBatch = 0
  private var nextPart = 0
  private var isStopped = false

  /// Reads the batches `rows` of `set`.
  ///
  /// - Parameters:
  ///   - threads: How many threads read, where rows can be read apart from each other; one else.
  ///   - ahead: How many batches are in memory at most, the one that is used included.
  init(_ set: ExampleSet, rows: [Range<Int>], threads count: Int, ahead: Int) {
    self.set = set
    self.rows = rows
    width = set.valuesPerExample
    let isApart = set.source.rowsReadApart
    let largest = rows.map(\.count).max() ?? 0
    rowsPerPart = isApart ? max(1, min(8, largest / max(count, 1))) : max(largest, 1)
    let width = width
    slots = (0..<max(2, min(ahead, max(rows.count, 1)))).map { _ in
      Slot(values: .allocate(capacity: largest * width))
    }
    lock = .allocate(capacity: 1)
    changed = .allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
    pthread_cond_init(changed, nil)
    for _ in 0..<(isApart ? max(count, 1) : 1) {
      // Without a thread the user of a batch reads it.
      if let thread = WorkerThread.start({ [self] in while readPart(waiting: true) {} }) {
        threads.append(thread)
      }
    }
  }

  /// Ends the threads and frees the memory. Nothing may be asked for afterwards.
  func stop() {
    locked { isStopped = true }
    for thread in threads { thread.join() }
    threads = []
    for slot in slots { slot.values.deallocate() }
    slots = []
    pthread_cond_destroy(changed)
    pthread_mutex_destroy(lock)
    changed.deallocate()
    lock.deallocate()
  }

  /// Hands the values of batch number `batch` to `body`, and frees its place afterwards.
  ///
  /// Batches are asked for in order, each once.
  package func use<R>(
    _ batch: Int, _ body: (UnsafeBufferPointer<Float>) throws -> R
  ) throws -> R {
    let place = batch % slots.count
    pthread_mutex_lock(lock)
    while slots[place].batch != batch || slots[place].partsLeft > 0 {
      if threads.isEmpty {
        pthread_mutex_unlock(lock)
        _ = readPart(waiting: false)
        pthread_mutex_lock(lock)
      } else {
        pthread_cond_wait(changed, lock)
      }
    }
    let failure = slots[place].failure
    let values = UnsafeBufferPointer(
      rebasing: UnsafeBufferPointer(slots[place].values)[..<(rows[batch].count * width)])
    pthread_mutex_unlock(lock)
    if let failure { throw failure.error }
    defer { locked { slots[place].batch = -1 } }
    return try body(values)
  }

  private func locked(_ body: () -> Void) {
    pthread_mutex_lock(lock)
    body()
    pthread_cond_broadcast(changed)
    pthread_mutex_unlock(lock)
  }

  /// Reads the next part there is.
  ///
  /// - Returns: Whether there may be more to read.
  private func readPart(waiting: Bool) -> Bool {
    pthread_mutex_lock(lock)
    while !isStopped, nextBatch < rows.count, nextPart == 0,
      slots[nextBatch % slots.count].batch >= 0
    {
      guard waiting else {
        pthread_mutex_unlock(lock)
        return false
      }
      pthread_cond_wait(changed, lock)
    }
    guard !isStopped, nextBatch < rows.count else {
      pthread_mutex_unlock(lock)
      return false
    }
    let (batch, part, place) = (nextBatch, nextPart, nextBatch % slots.count)
    let all = rows[batch]
    let parts = max(1, (all.count + rowsPerPart - 1) / rowsPerPart)
    if part == 0 {
      slots[place].batch = batch
      slots[place].partsLeft = parts
      slots[place].failure = nil
    }
    if part + 1 < parts { nextPart += 1 } else { (nextBatch, nextPart) = (batch + 1, 0) }
    let target = slots[place].values
    pthread_mutex_unlock(lock)

    let start = min(part * rowsPerPart, all.count)
    let own =
      all.lowerBound + start..<all.lowerBound + min(start + rowsPerPart, all.count)
    var failure: FileError?
    do throws(FileError) {
      let values = try set.finiteValues(own)
      _ = UnsafeMutableBufferPointer(rebasing: target[(start * width)...]).update(
        fromContentsOf: values)
    } catch {
      failure = error
    }
    locked {
      if let failure, part < slots[place].failure?.part ?? .max {
        slots[place].failure = (part, failure)
      }
      slots[place].partsLeft -= 1
    }
    return true
  }
}

extension ExampleSet {
  /// Hands the examples to `body` batch by batch, in order, while threads of their own read the next
  /// ones.
  ///
  ///     try set.eachBatch(size: 64, threads: 2) { rows, values in try use(rows, values) }
  ///
  /// Memory is needed for `ahead` batches, whatever the size of the set. Examples that hold a NaN or an
  /// infinity, which a ReLU may turn into a zero that nobody notices, are an error.
  ///
  /// - Parameters:
  ///   - threads: How many threads decode images; what lies in one file is read by one.
  ///   - ahead: How many batches are in memory at most, the one in use included.
  /// - Throws: ``Files/FileError`` of the first example that cannot be read, and what `body` throws.
  /// - Precondition: `size`, `threads` and `ahead` are positive.
  public func eachBatch(
    size: Int, threads: Int = 1, ahead: Int = 3,
    _ body: (_ rows: Range<Int>, _ values: UnsafeBufferPointer<Float>) throws -> Void
  ) throws {
    try readingAhead(size: size, threads: threads, ahead: ahead) { reader in
      for (batch, rows) in Batches.inOrder(count, size: size).enumerated() {
        try reader.use(batch) { try body(rows, $0) }
      }
    }
  }

  /// Runs `body`, which asks for the batches one after the other, while threads read the next ones.
  package func readingAhead<R>(
    size: Int, threads: Int = 1, ahead: Int = 3, _ body: (ReadAhead) throws -> R
  ) throws -> R {
    precondition(
      size > 0 && threads > 0 && ahead > 0,
      "batches of \(size), \(threads) threads, \(ahead) ahead")
    let reader = ReadAhead(
      self, rows: Batches.inOrder(count, size: size), threads: threads, ahead: ahead)
    defer { reader.stop() }
    return try body(reader)
  }

  /// The examples in `rows`, none of them with a NaN or an infinity.
  ///
  /// - Throws: ``Files/FileError`` with the example that holds one, or what reading throws.
  package func finiteValues(_ rows: Range<Int>) throws(FileError) -> [Float] {
    let values = try values(rows)
    if let index = values.firstIndex(where: { !$0.isFinite }) {
      throw FileError(
        path: name, object: "example \(identifiers[rows.lowerBound + index / valuesPerExample])",
        reason: "holds \(values[index].isNaN ? "NaN" : "an infinity")")
    }
    return values
  }
}
