import Dispatch
import Files
import HDF5
import Synchronization

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

extension ChangeSums {
  /// How many values a thread takes at a time; sums do not depend on the number of threads.
  private static let share = 1 << 16

  /// The sums over `before` and `after`, which are as many, by several threads.
  ///
  /// Every share of the values is summed by itself, and the sums of shares are added in order, so
  /// the result is the same to the bit however many threads there are; `threads` is `nil` for as
  /// many as the machine has processors.
  ///
  /// - Parameter ordinals: What units in the last place are counted in; `nil` leaves them out.
  /// - Throws: `FileError` when values cannot be read.
  init(
    _ before: StoredElements, _ after: StoredElements, tolerance: Double, ordinals: Ordinals?,
    threads: Int? = nil
  ) throws(FileError) {
    let count = before.count
    let shares = (count + Self.share - 1) / Self.share
    let way = Way(before.numbers, after.numbers, ordinals: ordinals)
    let processors = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    let threads = min(shares, max(1, threads ?? min(processors, 16)))
    // After how many shares the pages of those before them are let go, and how many shares later:
    // other threads may still read the last ones.
    let kept = max(8, threads)
    let lag = threads > 1 ? kept : 0
    let parts = Mutex([ChangeSums](repeating: ChangeSums(), count: shares))
    let next = Atomic<Int>(0)
    let failure = Mutex<FileError?>(nil)
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
      var (room, otherRoom) = ([UInt8](), [UInt8]())
      while true {
        let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
        guard index < shares, failure.withLock({ $0 == nil }) else { return }
        let range = index * Self.share..<min(count, (index + 1) * Self.share)
        do throws(FileError) {
          var sums = ChangeSums()
          try before.withBytes(of: range, buffer: &room) { a in
            Result { () throws(FileError) in
              try after.withBytes(of: range, buffer: &otherRoom) { b in
                sums = way.sums(a, b, tolerance: tolerance)
              }
            }
          }.get()
          let part = sums
          parts.withLock { $0[index] = part }
        } catch {
          failure.withLock { $0 = $0 ?? error }
        }
        if (index + 1) % kept == 0, index + 1 >= kept + lag {
          let end = (index + 1 - lag) * Self.share
          before.release(end - kept * Self.share..<min(end, count))
          after.release(end - kept * Self.share..<min(end, count))
        }
      }
    }
    let rest = min(count, max(0, shares / kept * kept - 2 * lag) * Self.share)
    before.release(rest..<count)
    after.release(rest..<count)
    if let error = failure.withLock({ $0 }) { throw error }
    self = parts.withLock { $0.reduce(into: ChangeSums()) { $0.add($1) } }
  }

  /// The sums over numbers of `type`, which are as many on both sides, by several threads.
  init<T>(
    _ before: [T], _ after: [T], _ type: ElementType, tolerance: Double, ordinals: Ordinals?,
    threads: Int? = nil
  ) {
    let numbers = StoredNumbers(elementType: type)
    self = before.withUnsafeBytes { a in
      after.withUnsafeBytes { b in
        do throws(FileError) {
          return try ChangeSums(
            StoredElements(place: .memory(a), numbers: numbers, count: before.count),
            StoredElements(place: .memory(b), numbers: numbers, count: after.count),
            tolerance: tolerance, ordinals: ordinals, threads: threads)
        } catch { preconditionFailure("memory that cannot be read: \(error)") }
      }
    }
  }

  /// How a share of the values is summed.
  private enum Way {
    /// Both are in single precision as this machine has it.
    case singles
    /// Single precision holds both, and units are counted in it.
    case asSingles(StoredNumbers, StoredNumbers)
    case asDoubles(StoredNumbers, StoredNumbers, Ordinals?)

    init(_ before: StoredNumbers, _ after: StoredNumbers, ordinals: Ordinals?) {
      if let ordinals, ordinals.areSingle, before.elementType.isExactInSingle,
        after.elementType.isExactInSingle
      {
        let plain = StoredNumbers(elementType: .float32)
        self = before == plain && after == plain ? .singles : .asSingles(before, after)
      } else {
        self = .asDoubles(before, after, ordinals)
      }
    }

    func sums(
      _ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer, tolerance: Double
    ) -> ChangeSums {
      switch self {
      case .singles:
        return ChangeSums(
          SinglePrecisionValues(bytes: a), SinglePrecisionValues(bytes: b), tolerance: tolerance)
      case .asSingles(let before, let after):
        let (a, b) = (before.floats(Array(a)), after.floats(Array(b)))
        return a.withUnsafeBytes { a in
          b.withUnsafeBytes { b in
            ChangeSums(
              SinglePrecisionValues(bytes: a), SinglePrecisionValues(bytes: b),
              tolerance: tolerance)
          }
        }
      case .asDoubles(let before, let after, let ordinals):
        return ChangeSums(
          before.doubles(Array(a)), after.doubles(Array(b)), tolerance: tolerance,
          ordinals: ordinals)
      }
    }
  }
}

extension ElementType {
  /// Whether single precision holds every value.
  fileprivate var isExactInSingle: Bool {
    switch self {
    case .float16, .bfloat16, .float32, .boolean: true
    case .integer(let bits, _): bits <= 16
    default: false
    }
  }
}
