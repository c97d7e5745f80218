import Files
import Foundation
import Reports
import TestSupport
import Testing

@Suite struct RunDirectoryTests {
  @Test func `what a run writes can be listed and read`() throws {
    try withTemporaryFolder { folder in
      let run = try RunDirectory.create(at: "\(folder)/run")
      try run.write(record: ["tool": "anamorph", "seed": .unsigned(.max)])
      try run.write([TableTests.layers])

      let again = try RunDirectory.open("\(folder)/run")
      #expect(try again.record() == ["tool": "anamorph", "seed": .unsigned(.max)])
      #expect(try again.tableNames() == ["dictionary", "layers"])
      #expect(try again.tableRows("layers")[2][0] == "fc, \"head\"")
    }
  }

  @Test func `a run is created again in the same folder`() throws {
    try withTemporaryFolder { folder in
      let run = try RunDirectory.create(at: folder)
      try run.write(record: ["a": 1])
      #expect(try RunDirectory.create(at: folder).record() == ["a": 1])
    }
  }

  @Test func `a folder that is not a run is refused`() throws {
    try withTemporaryFolder { folder in
      #expect(throws: FileError(path: folder, reason: "not a run directory: no run.json")) {
        try RunDirectory.open(folder)
      }
      #expect(throws: FileError(path: "\(folder)/no", reason: "no such file or folder")) {
        try RunDirectory.open("\(folder)/no")
      }
    }
  }

  @Test func `a run without its record is said to be unfinished`() throws {
    try withTemporaryFolder { folder in
      _ = try RunDirectory.create(at: folder)
      let error = #expect(throws: FileError.self) { try RunDirectory.open(folder) }
      #expect(error?.reason.hasPrefix("an unfinished run: no run.json yet") == true)
    }
  }

  @Test func `a file in the way is named`() throws {
    try withTemporaryFolder { folder in
      try AtomicFile.write("x", to: "\(folder)/run")
      #expect(
        throws: FileError(
          path: "\(folder)/run", reason: "a file is in the way of the folder; name another")
      ) { try RunDirectory.create(at: "\(folder)/run") }
      #expect(throws: FileError.self) { try RunDirectory.open("\(folder)/run") }
    }
  }

  @Test func `a record that is not JSON is refused with its line`() throws {
    try withTemporaryFolder { folder in
      let run = try RunDirectory.create(at: folder)
      try AtomicFile.write("{\n\"a\": }", to: run.file("run.json"))
      #expect(
        throws: FileError(
          path: run.file("run.json"), object: "line 2", reason: "this is not a value")
      ) { try run.record() }
    }
  }
}
