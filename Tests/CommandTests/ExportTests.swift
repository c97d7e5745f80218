import Foundation
import Reports
import TestSupport
import Testing

@Suite struct ExportTests {
  @Test func `a folder that is not a run is refused in one line`() throws {
    try withTemporaryFolder { folder in
      let result = try anamorph(["export", folder, "-o", "\(folder)/out"])
      #expect(result.status == 2)
      #expect(result.output.isEmpty)
      #expect(result.error == "anamorph: \(folder): not a run directory: no run.json\n")
      #expect(!FileManager.default.fileExists(atPath: "\(folder)/out"))
    }
  }

  @Test func `the files written are named on standard output`() throws {
    try withTemporaryFolder { folder in
      let run = try RunDirectory.create(at: "\(folder)/run")
      try run.write(
        ["features", "weights", "verdicts"].map {
          Table($0, columns: [Column("value", meaning: "A value.")])
        })
      try run.write(record: ["command": "distortion"])
      let result = try anamorph(["export", "\(folder)/run", "-o", "\(folder)/out", "--name", "x"])
      #expect(result.status == 0)
      #expect(result.lines.contains("\(folder)/out/x.ipynb"))
      #expect(result.lines.contains("\(folder)/out/x/weights.csv"))
      for path in result.lines where !path.isEmpty {
        #expect(FileManager.default.fileExists(atPath: path))
      }
    }
  }

  @Test func `a name that leaves the folder is refused`() throws {
    try withTemporaryFolder { folder in
      let run = try RunDirectory.create(at: "\(folder)/run")
      try run.write(record: ["command": "distortion"])
      let result = try anamorph(["export", run.path, "-o", "\(folder)/out", "--name", "../x"])
      #expect(result.status == 2)
      #expect(result.error.hasSuffix("'../x' cannot name files; give another --name\n"))
    }
  }
}
