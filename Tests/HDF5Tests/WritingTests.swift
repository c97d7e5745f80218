import Foundation
import HDF5
import TestSupport
import Testing

@Suite struct WritingTests {
  @Test func `what is written is read back`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/new.h5"
      try File.create(path) { root in
        try root.write("conv/kernel", shape: [2, 2], [1, -0.0, .nan, .infinity] as [Float])
        try root.write("doubles", shape: [3], [0.1, 1e300, -5] as [Double], deflate: 4)
        try root.write("labels", shape: [4], [0, -1, .max, .min] as [Int64])
        try root.write("small", shape: [2], [-7, 8] as [Int32])
        try root.write("pixels", shape: [1, 3], [0, 128, 255] as [UInt8], deflate: 9)
        try root.write("scalar", shape: [], [42] as [Float])
        try root.write("nothing", shape: [0, 4], [] as [Float], deflate: 1)
        try root.write("ids", ["a", "größe", ""])
        try root.write("noIDs", [String]())
        let group = try root.createGroup("empty/nested")
        try group.setAttribute("title", "words")
        try group.setAttribute("list", ["x", "yz"])
        try group.setAttribute("none", [String]())
        try group.setAttribute("count", 3)
        try group.setAttribute("rate", 0.25)
        try group.setAttribute("numbers", [1.5, 2.5] as [Double])
      }
      let root = try File(readingAt: path).root
      let kernel = try root.dataset("conv/kernel")
      #expect(kernel.elementType == .float32)
      let values = try kernel.read(as: Float.self)
      #expect(
        values[0] == 1 && values[1].sign == .minus && values[2].isNaN && values[3] == .infinity)
      #expect(try root.dataset("doubles").read(as: Double.self) == [0.1, 1e300, -5])
      #expect(try root.dataset("labels").read(as: Int64.self) == [0, -1, .max, .min])
      #expect(try root.dataset("small").read(as: Int32.self) == [-7, 8])
      #expect(try root.dataset("pixels").read(as: UInt8.self) == [0, 128, 255])
      #expect(try root.dataset("scalar").shape == [])
      #expect(try root.dataset("scalar").read(as: Float.self) == [42])
      #expect(try root.dataset("nothing").shape == [0, 4])
      #expect(try root.dataset("ids").readStrings() == ["a", "größe", ""])
      #expect(try root.dataset("noIDs").readStrings() == [])
      let group = try root.group("empty/nested")
      #expect(try group.attribute("title")?.string == "words")
      #expect(try group.attribute("list")?.strings == ["x", "yz"])
      #expect(try group.attribute("none")?.strings == [])
      #expect(try group.attribute("count")?.integer == 3)
      #expect(try group.attribute("rate")?.number == 0.25)
      #expect(try group.attribute("numbers")?.numbers == [1.5, 2.5])
    }
  }

  @Test(arguments: [nil, 3])
  func `rows written in blocks fill the dataset`(deflate: Int?) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/features.h5"
      try File.create(path) { root in
        let dataset = try root.create("features", shape: [10, 3], of: Float.self, deflate: deflate)
        for start in stride(from: 0, to: 10, by: 4) {
          let rows = start..<min(start + 4, 10)
          try dataset.write(rows.flatMap { row in (0..<3).map { Float(3 * row + $0) } }, rows: rows)
        }
      }
      let dataset = try File(readingAt: path).root.dataset("features")
      #expect(try dataset.read(as: Float.self) == (0..<30).map(Float.init))
    }
  }

  @Test func `deflate makes a repetitive dataset small`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/zeros.h5"
      try File.create(path) { root in
        try root.write(
          "zeros", shape: [1000, 300], [Float](repeating: 0, count: 300_000), deflate: 6)
      }
      let file = try File(readingAt: path)
      #expect(file.byteCount < 20_000)
      #expect(try file.root.dataset("zeros").read(as: Float.self).count == 300_000)
    }
  }

  @Test func `the same content gives the same bytes`() throws {
    try withTemporaryFolder { folder in
      for name in ["/a.h5", "/b.h5"] {
        try File.create(folder + name) { root in
          try root.write("group/values", shape: [2], [1, 2] as [Float])
          try root.setAttribute("text", "same")
        }
        Thread.sleep(forTimeInterval: 1.1)  // HDF5 times have a resolution of one second
      }
      let (a, b) = (
        FileManager.default.contents(atPath: folder + "/a.h5"),
        FileManager.default.contents(atPath: folder + "/b.h5")
      )
      #expect(a != nil && a == b)
    }
  }

  @Test func `a body that throws leaves the old file and nothing else`() throws {
    struct Interruption: Error {}
    try withTemporaryFolder { folder in
      let path = folder + "/kept.h5"
      try File.create(path) { try $0.write("x", shape: [1], [1] as [Float]) }
      #expect(throws: Interruption.self) {
        try File.create(path) { root in
          try root.write("x", shape: [1], [2] as [Float])
          throw Interruption()
        }
      }
      #expect(try File(readingAt: path).root.dataset("x").read(as: Float.self) == [1])
      #expect(throws: Interruption.self) {
        try File.create(folder + "/new.h5") { _ in throw Interruption() }
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["kept.h5"])
    }
  }

  @Test func `a process killed while it writes leaves the old file`() async throws {
    let folder = FileManager.default.temporaryDirectory.appending(component: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(component: "kept.h5").path(percentEncoded: false)
    try File.create(path) { try $0.write("x", shape: [1], [1] as [Float]) }
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      try File.create(path) { root in
        try root.write("x", shape: [100_000], [Float](repeating: 2, count: 100_000))
        kill(getpid(), SIGKILL)
      }
    }
    #expect(try File(readingAt: path).root.dataset("x").read(as: Float.self) == [1])
  }

  @Test func `a folder that is missing or a name that is taken is an error`() throws {
    try withTemporaryFolder { folder in
      let nowhere = folder + "/missing/new.h5"
      let error = try #require(throws: HDF5Error.self) { try File.create(nowhere) { _ in } }
      #expect(error.description == "\(nowhere): no such file or folder")
      let path = folder + "/new.h5"
      try File.create(path) { root in
        try root.write("x", shape: [1], [1] as [Float])
        let taken = try #require(throws: HDF5Error.self) {
          try root.write("x", shape: [1], [1] as [Float])
        }
        #expect(taken.kind == .alreadyExists)
        #expect(taken.path == path)
        #expect(throws: HDF5Error.self) { try root.write("zero", ["a\0b"]) }
        try root.setAttribute("a", 1)
        #expect(throws: HDF5Error.self) { try root.setAttribute("a", 2) }
      }
    }
  }

  @Test func `many threads read and fail at once`() async throws {
    let path = fixture("types.h5")
    try await withThrowingTaskGroup(of: Int.self) { group in
      for index in 0..<32 {
        group.addTask {
          let file = try File(readingAt: path)
          let error = #expect(throws: HDF5Error.self) { try file.root.dataset("nothing\(index)") }
          #expect(error?.kind == .objectNotFound)
          return try file.root.dataset("floats/f4_big").read(as: Float.self).count
        }
      }
      for try await count in group { #expect(count == 6) }
    }
  }
}
