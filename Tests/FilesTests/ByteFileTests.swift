import Files
import Foundation
import TestSupport
import Testing

@Suite struct ByteFileTests {
  @Test func `a range is read where it lies and cut at the end`() throws {
    try withTemporaryFolder { folder in
      let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
      try AtomicFile.write(bytes, to: "\(folder)/file")
      let file = try ByteFile(path: "\(folder)/file")
      #expect(file.count == 1000)
      #expect(try file.bytes(300..<310) == Array(bytes[300..<310]))
      #expect(try file.bytes(990..<2000) == Array(bytes[990...]))
    }
  }

  @Test func `a pipe is refused and not waited for`() throws {
    try withTemporaryFolder { folder in
      #expect(mkfifo("\(folder)/pipe", 0o600) == 0)
      let error = #expect(throws: FileError.self) { try ByteFile(path: "\(folder)/pipe") }
      #expect(error?.reason == "not a regular file")
    }
  }

  @Test func `a file that shrinks while it is read is an error`() throws {
    try withTemporaryFolder { folder in
      try AtomicFile.write([UInt8](repeating: 7, count: 1000), to: "\(folder)/file")
      let file = try ByteFile(path: "\(folder)/file")
      #expect(truncate("\(folder)/file", 10) == 0)
      let error = #expect(throws: FileError.self) { try file.bytes(0..<1000) }
      #expect(error?.reason == "the file became shorter while it was read")
    }
  }
}
