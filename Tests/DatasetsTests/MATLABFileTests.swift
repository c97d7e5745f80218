import Datasets
import Files
import Foundation
import TestSupport
import Testing

/// MATLAB files made by SciPy and h5py.
@Suite struct MATLABFileTests {
  private let values: [Float] = (0..<12).map { Float($0) / 8 - 0.5 }

  @Test(
    arguments: [
      ("matlab5.mat", "MATLAB 5"), ("matlab5_compressed.mat", "MATLAB 5"),
      ("matlab73.mat", "MATLAB 7.3"),
    ]) func `a matrix and the labels beside it are found`(file: String, format: String) throws
  {
    let set = try ExampleSet.open(
      fixture(file) + (format == "MATLAB 5" ? "::/feas" : ""))
    #expect(set.format == format && set.exampleShape == [3] && set.count == 4)
    #expect(try set.values(0..<4) == values)
    #expect(try set.values(1..<3) == Array(values[3..<9]))
    #expect(set.labels == [1, 2, 2, 3])
  }

  @Test func `of several matrices the one with the usual name is taken`() throws {
    let set = try ExampleSet.open(fixture("matlab5.mat"))
    #expect(try set.values(0..<1) == Array(values[0..<3]))
    let counts = try ExampleSet.open(fixture("matlab5.mat") + "::counts")
    #expect(try counts.values(0..<4) == [0, 1, 2, 3, 4, 5, 6, 7])
  }

  @Test(
    arguments: [
      ("words", "holds text, not a matrix of numbers"), ("waves", "holds complex numbers"),
      ("cells", "holds cells, not a matrix of numbers"),
      ("sparse", "holds a sparse matrix, not a matrix of numbers"),
    ]) func `what is no matrix of numbers is named`(variable: String, reason: String)
  {
    #expect {
      try ExampleSet.open(fixture("matlab5.mat") + "::" + variable)
    } throws: { ($0 as? FileError)?.reason == reason }
    #expect {
      try ExampleSet.open(fixture("matlab5_compressed.mat") + "::nothing")
    } throws: { ($0 as? FileError)?.reason.hasPrefix("no such variable; there are feas") == true }
  }

  @Test func `a file that unpacks beyond the limit is refused`() {
    #expect(throws: FileError.self) {
      try ExampleSet.open(fixture("matlab5_compressed.mat") + "::feas", unpackingLimit: 100)
    }
  }

  @Test(arguments: ["matlab5.mat", "matlab5_compressed.mat"])
  func `damaged files are errors or other numbers, never the end`(file: String) throws {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: fixture(file))))
    try withTemporaryFolder { folder in
      let path = folder + "/damaged.mat"
      func read(_ content: [UInt8]) throws {
        try Data(content).write(to: URL(filePath: path))
        guard let set = try? ExampleSet.open(path + "::/feas") else { return }
        _ = try? set.values(0..<set.count)
      }
      for length in stride(from: 0, to: bytes.count, by: 7) { try read(Array(bytes[..<length])) }
      for place in 124..<min(bytes.count, 420) {
        for value: UInt8 in [0, 0x7F, 0xFF] {
          var changed = bytes
          changed[place] = value
          try read(changed)
        }
      }
    }
  }
}
