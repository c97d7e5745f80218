import Files
import Foundation
import HDF5
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

/// A command that is killed while it writes leaves the old file, and nothing for good.
@Suite struct KilledWriterTests {
  @Test func `what a killed convert left goes with the next`() throws {
    try withTemporaryFolder { folder in
      let (source, target) = (folder + "/source.h5", folder + "/target.h5")
      try File.create(source) { root in
        for index in 0..<200 {
          try root.write(
            "layer\(index).weight", shape: [1 << 14], [Float](repeating: 1, count: 1 << 14))
        }
      }
      try AtomicFile.write("old", to: target)
      func left() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder)
          .filter { $0.hasSuffix(".partial") }
      }
      var wasCaught = false
      for _ in 0..<5 where !wasCaught {
        let writer = Process()
        writer.executableURL = builtCommand
        writer.arguments = ["convert", source, target]
        try writer.run()
        while writer.isRunning, try left().isEmpty { usleep(200) }
        kill(writer.processIdentifier, SIGKILL)
        writer.waitUntilExit()
        wasCaught = try writer.terminationReason == .uncaughtSignal && !left().isEmpty
      }
      try #require(wasCaught, "no convert was caught while it wrote")
      #expect(try String(contentsOfFile: target, encoding: .utf8) == "old")
      let result = try anamorph(["convert", source, target])
      #expect(result.status == 0, "\(result.error)")
      #expect(try left() == [])
    }
  }
}
