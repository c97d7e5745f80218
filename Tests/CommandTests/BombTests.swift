import Checkpoints
import Files
import Foundation
import HDF5
import TestSupport
import Testing

/// Files that claim far more than they store: read in pieces or refused by name, never believed.
@Suite struct BombTests {
  /// Zeros that deflate to a thousandth: 144 MiB in single precision, twice that as they are read.
  private static let rows = 36
  private static let width = 1 << 20

  private func withBomb(_ body: (_ path: String, _ folder: String) throws -> Void) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/bomb.h5"
      try File.create(path) { root in
        let kernel = try root.create(
          "fc.weight", shape: [Self.rows, Self.width], of: Float.self, deflate: 9)
        let row = [Float](repeating: 0, count: Self.width)
        for index in 0..<Self.rows { try kernel.write(row, rows: index..<index + 1) }
        try root.write("fc.bias", shape: [Self.rows], [Float](repeating: 1, count: Self.rows))
      }
      try body(path, folder)
    }
  }

  @Test(arguments: [false, true])
  func `a compressed bomb is refused where it would be held whole`(inProcess: Bool) throws {
    try withBomb { path, _ in
      func check() throws {
        let checkpoint = try Checkpoint.open(path)
        let kernel = try #require(checkpoint.parameters.first { $0.shape.count == 2 })
        let claimed = Self.rows * Self.width * 4
        for read in [{ _ = try checkpoint.values(kernel) }, { _ = try checkpoint.tensor(kernel) }] {
          let error = try #require(throws: FileError.self) { try read() }
          #expect(error.path == path && error.object == "/fc.weight")
          #expect(error.reason.hasPrefix("claims \(claimed) bytes where the file stores "))
        }
        // In pieces it takes no more than a piece.
        let dataset = try File(readingAt: path).root.dataset("fc.weight")
        let last = try dataset.read(as: Float.self, rows: Self.rows - 1..<Self.rows)
        #expect(last.count == Self.width && last.allSatisfy { $0 == 0 })
      }
      if inProcess { try check() } else { try elsewhere { try check() } }
    }
  }

  @Test func `commands take no memory for a bomb, and end in success or one line`() throws {
    try withBomb { path, folder in
      let size = try Data(contentsOf: URL(filePath: path)).count
      #expect(size < 1 << 20)
      let commands: [([String], Int32)] = [
        (["inspect", path], 0), (["diff", path, path], 0),
        (["convert", path, folder + "/out.safetensors"], 2),
        (["convert", path, folder + "/out.h5"], 2),
        (["features", path, "--data", path, "-o", folder + "/features.h5"], 2),
      ]
      for (arguments, status) in commands {
        let run = try MeasuredRun(arguments, folder: folder)
        #expect(run.status == status, "\(arguments): \(run.error)")
        #expect(
          run.complaint(file: size, constant: 320 << 20, seconds: 120, different: false) == nil,
          "\(arguments): \(run.memory >> 20) MiB, \(run.error)")
      }
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("out") }
          == [])
    }
  }

  /// Values that were never written read as a fill value, of which nothing is stored.
  @Test func `values that were never written are believed up to a limit`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/empty.h5"
      try File.create(path) { root in
        _ = try root.create("small.weight", shape: [1 << 10, 4], of: Float.self)
        _ = try root.create("large.weight", shape: [1 << 28], of: Float.self)
      }
      for inProcess in [true, false] {
        let root =
          try inProcess ? File(readingAt: path).root : elsewhere { try File(readingAt: path).root }
        let small = try root.dataset("small.weight").read(as: Float.self)
        #expect(small.count == 1 << 12 && small.allSatisfy { $0 == 0 })
        let error = try #require(throws: HDF5Error.self) {
          try root.dataset("large.weight").read(as: Float.self)
        }
        #expect(error.reason.hasPrefix("claims 1073741824 bytes of values but stores 0"))
      }
      let run = try MeasuredRun(["inspect", "--stats", path], folder: folder)
      #expect(run.status == 2 && run.error.contains("/large.weight: claims 1073741824 bytes"))
    }
  }
}
