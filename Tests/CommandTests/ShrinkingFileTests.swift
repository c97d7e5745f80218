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
}
