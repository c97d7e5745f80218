import Checkpoints
import Foundation
import HDF5
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// Another program makes a file shorter while it is read: one line, and the process goes on.
@Suite struct ShrinkingFileTests {
  private static let count = 1 << 20

  private func withFile(
    deflate: Int? = nil, _ body: (_ path: String, _ dataset: Dataset) throws -> Void
  ) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/shrinking.h5"
      try File.create(path) { root in
        let values = (0..<Self.count).map { Float($0) }
        try root.write("values", shape: [Self.count], values, deflate: deflate)
      }
      try body(path, try elsewhere { try File(readingAt: path).root.dataset("values") })
    }
  }

  private func expectShorter(_ path: String, _ body: () throws -> Void) throws {
    let error = try #require(throws: HDF5Error.self) { try body() }
    #expect(error.description == "\(path): the file became shorter while it was read")
  }

  @Test(arguments: [nil, 1])
  func `a file cut after it was opened`(deflate: Int?) throws {
    try withFile(deflate: deflate) { path, dataset in
      #expect(truncate(path, 8192) == 0)
      try expectShorter(path) { _ = try dataset.read(as: Float.self) }
      try expectShorter(path) { _ = try dataset.read(as: Double.self, rows: 9..<Self.count) }
    }
  }

  @Test func `a file cut while its mapped bytes are used`() throws {
    try withFile { path, dataset in
      try expectShorter(path) {
        try dataset.withMappedBytes { bytes in
          _ = truncate(path, 8192)
          // Bytes that are gone are zeros.
          #expect(bytes.last == 0)
        }
      }
      // Also when it has grown back.
      #expect(truncate(path, off_t(4 * Self.count + 8192)) == 0)
      try expectShorter(path) { _ = try dataset.read(as: Float.self) }
    }
  }

  @Test func `a file cut inside its last page`() throws {
    try withFile { path, dataset in
      let length = try Data(contentsOf: URL(filePath: path)).count
      #expect(truncate(path, off_t(length - 4)) == 0)
      try expectShorter(path) { _ = try dataset.read(as: Float.self) }
    }
  }

  @Test func `files that are whole are read on beside one that is not`() throws {
    try withFile { _, whole in
      try withFile { path, cut in
        #expect(truncate(path, 0) == 0)
        try expectShorter(path) { _ = try cut.read(as: Float.self) }
      }
      #expect(try whole.read(as: Float.self).last == Float(Self.count - 1))
    }
  }

  /// Cut at another moment each time: before it is opened, while it is read, or too late.
  @Test func `diff ends with a result or one line, whenever a file is cut`() throws {
    try withTemporaryFolder { folder in
      let (whole, cut) = (folder + "/whole.h5", folder + "/cut.h5")
      let count = 1 << 22
      try File.create(whole) { root in
        try root.write(
          "fc.weight", shape: [count], [Float](repeating: 1, count: count))
      }
      for milliseconds in stride(from: 0, to: 60, by: 4) {
        try? FileManager.default.removeItem(atPath: cut)
        try FileManager.default.copyItem(atPath: whole, toPath: cut)
        let truncated = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
          Thread.sleep(forTimeInterval: Double(milliseconds) / 1000)
          truncate(cut, 8192)
          truncated.signal()
        }
        let result = try runAnamorph(["diff", whole, cut], in: folder)
        truncated.wait()
        #expect([0, 2].contains(result.status), "\(result)")
        let isOneLine = result.error.hasPrefix("anamorph: \(cut): ")
        #expect(result.status == 0 ? result.error.isEmpty : isOneLine, "\(result)")
      }
    }
  }
}
