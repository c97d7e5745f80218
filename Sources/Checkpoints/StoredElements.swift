import Files
import HDF5

/// Elements one after another without compression, any part of which can be had by itself.
///
/// Where they are in memory, they are so only while the call lasts that gave them.
struct StoredElements: @unchecked Sendable {
  /// Where the elements are.
  enum Place {
    /// In memory of this process.
    case memory(UnsafeRawBufferPointer)
    /// In the pages of a mapped file.
    case mapped(UnsafeRawBufferPointer)
    /// In a file, from an offset on.
    case file(ByteFile, Int)
  }

  let place: Place
  let numbers: StoredNumbers
  let count: Int

  /// The bytes of an element.
  private var size: Int { numbers.elementType.byteCount ?? 1 }

  /// Calls `body` with the bytes of the elements in `range`; `buffer` is room for them, made larger
  /// where it is needed and too small.
  func withBytes<R>(
    of range: Range<Int>, buffer: inout [UInt8], _ body: (UnsafeRawBufferPointer) -> R
  ) throws(FileError) -> R {
    let bytes = range.lowerBound * size..<range.upperBound * size
    switch place {
    case .memory(let all), .mapped(let all):
      return body(UnsafeRawBufferPointer(rebasing: all[bytes]))
    case .file(let file, let offset):
      if buffer.count < bytes.count {
        buffer = [UInt8](repeating: 0, count: bytes.count)
      }
      var failure: FileError?
      let result: R? = buffer.withUnsafeMutableBytes { room in
        let part = UnsafeMutableRawBufferPointer(rebasing: room[..<bytes.count])
        do throws(FileError) {
          try file.read(into: part, at: offset + bytes.lowerBound)
        } catch {
          failure = error
          return nil
        }
        return body(UnsafeRawBufferPointer(part))
      }
      if let failure { throw failure }
      guard let result else { preconditionFailure("neither read nor failed") }
      return result
    }
  }

  /// Says that the elements in `range` are not read again soon.
  func release(_ range: Range<Int>) {
    guard case .mapped(let all) = place else { return }
    MappedPages.release(
      UnsafeRawBufferPointer(rebasing: all[range.lowerBound * size..<range.upperBound * size]))
  }
}
