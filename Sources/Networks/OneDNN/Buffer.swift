/// Float32 numbers at a fixed, 64-byte aligned place; freed with the last buffer that shares them.
struct Buffer {
  private final class Storage {
    let memory: UnsafeMutableRawPointer

    init(count: Int) {
      memory = UnsafeMutableRawPointer.allocate(byteCount: max(count, 16) * 4, alignment: 64)
      memory.initializeMemory(as: Float.self, repeating: 0, count: max(count, 16))
    }

    deinit { memory.deallocate() }
  }

  private let storage: Storage
  let pointer: UnsafeMutablePointer<Float>
  let count: Int

  /// Zeros.
  init(count: Int) {
    storage = Storage(count: count)
    pointer = storage.memory.assumingMemoryBound(to: Float.self)
    self.count = count
  }

  private init(storage: Storage, offset: Int, count: Int) {
    self.storage = storage
    pointer = storage.memory.assumingMemoryBound(to: Float.self) + offset
    self.count = count
  }

  /// Buffers of the given sizes, one after the other in one block, each aligned.
  static func consecutive(_ counts: [Int]) -> [Buffer] {
    let rounded = counts.map { ($0 + 15) / 16 * 16 }
    let storage = Storage(count: rounded.reduce(0, +))
    var offset = 0
    return zip(counts, rounded).map { count, step in
      defer { offset += step }
      return Buffer(storage: storage, offset: offset, count: count)
    }
  }

  /// Some of the numbers, at the place where they are.
  func part(from offset: Int, count: Int) -> Buffer {
    precondition(offset >= 0 && offset + count <= self.count, "\(count) numbers from \(offset)")
    return Buffer(
      storage: storage,
      offset: pointer - storage.memory.assumingMemoryBound(to: Float.self) + offset,
      count: count)
  }

  var values: UnsafeMutableBufferPointer<Float> {
    UnsafeMutableBufferPointer(start: pointer, count: count)
  }

  /// Replaces the first numbers.
  func fill(from source: UnsafeBufferPointer<Float>) {
    precondition(source.count <= count, "\(source.count) numbers into \(count)")
    if let base = source.baseAddress { pointer.update(from: base, count: source.count) }
  }

  /// Replaces the first numbers.
  func fill(from source: [Float]) { source.withUnsafeBufferPointer { fill(from: $0) } }
}
