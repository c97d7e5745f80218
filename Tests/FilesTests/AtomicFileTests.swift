import Files
import Foundation
import TestSupport
import Testing

#if canImport(Glibc)
  import Glibc
#endif

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

  @Test func `what a killed writer left is removed when the file is written next`() throws {
    try withTemporaryFolder { folder in
      // A process that is gone, and this one, which is not.
      let gone = Process()
      gone.executableURL = URL(filePath: "/bin/true")
      try gone.run()
      gone.waitUntilExit()
      let abandoned = "\(folder)/file.\(gone.processIdentifier).7.partial"
      let kept = [
        "file.\(ProcessInfo.processInfo.processIdentifier).7.partial", "file.partial",
        "file.words.7.partial", "file.\(gone.processIdentifier).partial",
        "other.\(gone.processIdentifier).7.partial", "file.-1.7.partial",
      ]
      for write in [
        { try AtomicFile.write("new", to: "\(folder)/file") },
        {
          try AtomicFile.replace("\(folder)/file") {
            try "new".write(toFile: $0, atomically: false, encoding: .utf8)
          }
        },
      ] {
        for path in [abandoned] + kept.map({ "\(folder)/\($0)" }) {
          try "half".write(toFile: path, atomically: false, encoding: .utf8)
        }
        try write()
        let names = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(names.sorted() == (kept + ["file"]).sorted())
      }
    }
  }

  @Test func `a file that a process has locked is not abandoned`() throws {
    try withTemporaryFolder { folder in
      let gone = Process()
      gone.executableURL = URL(filePath: "/bin/true")
      try gone.run()
      gone.waitUntilExit()
      // As on a disk that another machine writes to: no process here, but a lock.
      let path = "\(folder)/file.\(gone.processIdentifier).7.partial"
      try "half".write(toFile: path, atomically: false, encoding: .utf8)
      let handle = try FileHandle(forUpdating: URL(filePath: path))
      #expect(flock(handle.fileDescriptor, LOCK_EX) == 0)
      defer { try? handle.close() }
      try AtomicFile.write("new", to: "\(folder)/file")
      #expect(FileManager.default.fileExists(atPath: path))
    }
  }
}
