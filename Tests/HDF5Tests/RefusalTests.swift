import Foundation
import HDF5
import TestSupport
import Testing

/// What is wrong with a file is a value with the file's name in it, never a crash.
@Suite struct RefusalTests {
  @Test(arguments: [
    ("bomb", HDF5Error.Kind.tooLarge, "claims 4398046511104 bytes of values but stores"),
    ("never_written", .tooLarge, "claims 1099511627776 bytes of values but stores 0"),
    ("external", .unsupported, "external storage is refused"),
    ("virtual", .unsupported, "virtual datasets are refused"),
  ])
  func `values that cannot be trusted are refused by name`(
    name: String, kind: HDF5Error.Kind, words: String
  ) throws {
    let dataset = try File(readingAt: fixture("storage.h5")).root.dataset(name)
    let error = try #require(throws: HDF5Error.self) { try dataset.read(as: Float.self) }
    #expect(error.kind == kind)
    #expect(error.object == "/" + name)
    #expect(error.reason.contains(words))
    #expect(throws: HDF5Error.self) { try dataset.read(as: Double.self, rows: 0..<1) }
  }

  @Test func `compression by a plug-in is refused by name`() throws {
    let dataset = try File(readingAt: fixture("filters.h5")).root.dataset("bzip2")
    let error = try #require(throws: HDF5Error.self) { try dataset.read(as: Float.self) }
    #expect(error.kind == .unsupported && error.object == "/bzip2")
    #expect(error.reason.hasPrefix("compressed with ") && error.reason.contains("(filter 307)"))
  }

  @Test func `extents whose product overflows are refused when opened`() throws {
    let root = try File(readingAt: fixture("storage.h5")).root
    let error = try #require(throws: HDF5Error.self) { try root.dataset("overflow") }
    #expect(error.kind == .tooLarge)
    #expect(error.reason.contains("4611686018427387904 × 16"))
  }

  @Test(arguments: [
    ("outside", HDF5Error.Kind.unsupported), ("through", .unsupported),
    ("outside/deeper", .unsupported),
    ("circle", .unsupported), ("dangling", .objectNotFound), ("nothing", .objectNotFound),
    ("rank4/inside", .objectNotFound), ("group", .wrongType), ("a\0b", .objectNotFound),
  ])
  func `what is not a dataset here cannot be opened as one`(
    name: String, kind: HDF5Error.Kind
  ) throws {
    let root = try File(readingAt: fixture("spaces.h5")).root
    let error = try #require(throws: HDF5Error.self) { try root.dataset(name) }
    #expect(error.kind == kind)
    #expect(!error.description.contains("\n"))
  }

  @Test func `a missing file, a folder, other content and a cut file are told apart`() throws {
    try withTemporaryFolder { folder in
      let text = folder + "/notes.txt"
      try "not HDF5".write(toFile: text, atomically: true, encoding: .utf8)
      try Data().write(to: URL(filePath: folder + "/empty.h5"))
      let cases: [(String, HDF5Error.Kind, String)] = [
        (folder + "/missing.h5", .fileNotFound, "no such file or folder"),
        (folder, .cannotOpen, "a folder, not a file"),
        ("/dev/null", .cannotOpen, "not a regular file"),
        (text, .notHDF5, "not an HDF5 file"),
        (folder + "/empty.h5", .notHDF5, "not an HDF5 file"),
        (fixture("cut.h5"), .truncated, "the file is cut short; copy or download it again"),
      ]
      for (path, kind, reason) in cases {
        let error = try #require(throws: HDF5Error.self) { try File(readingAt: path) }
        #expect(error.kind == kind)
        #expect(error.description == "\(path): \(reason)")
      }
    }
  }

  @Test func `a file damaged in any byte of its structures never traps`() throws {
    let whole = try Data(contentsOf: URL(filePath: fixture("strings.h5")))
    try withTemporaryFolder { folder in
      var opened = 0
      // Superblock and headers: places where the library itself is known to check.
      for position in stride(from: 8, to: 96, by: 5) {
        var bytes = whole
        bytes[position] ^= 0xFF
        let path = folder + "/damaged.h5"
        try bytes.write(to: URL(filePath: path))
        if let root = try? File(readingAt: path).root {
          opened += 1
          _ = try? root.attribute("text")
          _ = try? root.dataset("variable").readStrings()
        }
      }
      #expect(opened < 18)
    }
  }
}
