import Files
import Foundation
import TestSupport
import Testing

@Suite struct AtomicFileTests {
  private struct Interruption: Error {}

  @Test func `a written file holds exactly the bytes given`() throws {
    try withTemporaryFolder { folder in
      let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
      try AtomicFile.write(bytes, to: "\(folder)/file")
      #expect(try Data(contentsOf: URL(filePath: "\(folder)/file")) == Data(bytes))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
    }
  }

  @Test func `an interrupted replacement leaves the old file and nothing else`() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/file"
      try AtomicFile.write("old", to: path)
      #expect(throws: Interruption.self) {
        try AtomicFile.replace(path) { temporary in
          try "half of the n".write(toFile: temporary, atomically: false, encoding: .utf8)
          throw Interruption()
        }
      }
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "old")
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
    }
  }

  @Test func `writing into a folder that is not there names the file`() {
    let error = #expect(throws: FileError.self) {
      try AtomicFile.write("text", to: "/no such folder/file")
    }
    #expect(error?.description == "/no such folder/file: no such file or folder")
  }

  @Test func `a bare name is written into the current folder`() throws {
    let name = "anamorph-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: name) }
    try AtomicFile.write("here", to: name)
    #expect(try String(contentsOfFile: name, encoding: .utf8) == "here")
  }
}
