import Datasets
import Files
import Foundation
import TestSupport
import Testing

@Suite struct PackedSetTests {
  @Test func `CIFAR-10's records are a label and three planes`() throws {
    try withTemporaryFolder { folder in
      try PackedFixtures.write([[3], [9], [0]], size: 32, to: folder + "/test_batch.bin")
      for name in ["\(folder)/test_batch.bin", "\(folder)::/test"] {
        let set = try ExampleSet.open(name)
        #expect(set.name == name)
        #expect(set.labels == [3, 9, 0])
        #expect(set.classCount == 10)
        #expect(set.classNames?[9] == "truck")
        #expect(set.exampleShape == [32, 32, 3])
        #expect(try set.values(1..<3) == (1..<3).flatMap { PackedFixtures.values($0, size: 32) })
      }
    }
  }

  @Test func `CIFAR-10's five training files are one set`() throws {
    try withTemporaryFolder { folder in
      for file in 1...5 {
        try PackedFixtures.write(
          [[UInt8(file)], [UInt8(file + 4)]], size: 32, to: "\(folder)/data_batch_\(file).bin")
      }
      let set = try ExampleSet.open("\(folder)::/train")
      #expect(set.labels == [1, 5, 2, 6, 3, 7, 4, 8, 5, 9])
      // Row 3 is the second of the second file, row 4 the first of the third.
      #expect(
        try set.values(3..<5)
          == PackedFixtures.values(1, size: 32) + PackedFixtures.values(0, size: 32))
      let error = #expect(throws: FileError.self) { try ExampleSet.open(folder) }
      #expect(error?.reason.contains("::/train") == true)
    }
  }

  @Test func `CIFAR-100 has fine and coarse labels`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/test.bin"
      try PackedFixtures.write([[19, 99], [4, 0]], size: 32, to: path)
      #expect(try ExampleSet.open(path).labels == [99, 0])
      let coarse = try ExampleSet.open(path + "::/coarse")
      #expect(coarse.labels == [19, 4])
      #expect(coarse.classCount == 20)
      #expect(try coarse.values(0..<1) == PackedFixtures.values(0, size: 32))
    }
  }

  @Test func `STL-10's planes run down the columns, and its classes are CIFAR-10's but one`() throws
  {
    try withTemporaryFolder { folder in
      // All ten classes, from 1.
      try PackedFixtures.write(
        (0..<10).map { _ in [] }, size: 96, columnMajor: true, to: folder + "/test_X.bin")
      try Data((1...10).map { UInt8($0) }).write(to: URL(filePath: folder + "/test_y.bin"))
      let set = try ExampleSet.open(folder + "/test_X.bin")
      #expect(set.labels == Array(0..<10))
      #expect(try set.values(2..<3) == PackedFixtures.values(2, size: 96))
      let mapped = try ExampleSet.open("\(folder)::/test/cifar10")
      // As Kumar et al. map them; 7, the monkey, is left out.
      #expect(mapped.labels == [0, 2, 1, 3, 4, 5, 7, 8, 9])
      #expect(mapped.identifiers.selected([7]) == .numbers([8]))
      #expect(mapped.presentClasses == [0, 1, 2, 3, 4, 5, 7, 8, 9])
      #expect(mapped.classNames == ClassMap.cifar10Classes)
      #expect(try mapped.values(7..<8) == PackedFixtures.values(8, size: 96))
      try Data([1, 2]).write(to: URL(filePath: folder + "/test_y.bin"))
      #expect(throws: FileError.self) { try ExampleSet.open(folder + "/test_X.bin") }
    }
  }

  @Test func `records that are no records are refused`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/test_batch.bin"
      try PackedFixtures.write([[3], [11]], size: 32, to: path)
      #expect(throws: FileError.self) { try ExampleSet.open(path) }
      try Data([UInt8](repeating: 0, count: 3072)).write(to: URL(filePath: path))
      #expect(throws: FileError.self) { try ExampleSet.open(path) }
      #expect(throws: FileError.self) { try ExampleSet.open("\(folder)::/test") }
    }
  }

  @Test func `images with channels first are turned`() throws {
    try withTemporaryFolder { folder in
      let path = try PackedFixtures.numPy(
        PackedFixtures.planes(0, size: 6) + PackedFixtures.planes(1, size: 6),
        shape: [2, 3, 6, 6], in: folder)
      let set = try ExampleSet.open(path)
      #expect(set.exampleShape == [6, 6, 3])
      #expect(try set.values(1..<2) == PackedFixtures.values(1, size: 6))
    }
  }

  @Test func `CIFAR-10.1's labels lie in a file beside`() throws {
    try withTemporaryFolder { folder in
      let images = try PackedFixtures.numPy(
        PackedFixtures.planes(0, size: 6), shape: [1, 6, 6, 3], in: folder)
      try FileManager.default.moveItem(atPath: images, toPath: folder + "/cifar10.1_v6_data.npy")
      let labels = try PackedFixtures.numPy([8], shape: [1], in: folder)
      try FileManager.default.moveItem(atPath: labels, toPath: folder + "/cifar10.1_v6_labels.npy")
      #expect(try ExampleSet.open(folder + "/cifar10.1_v6_data.npy").labels == [8])
    }
  }

  @Test func `NumPy's archives hold sets by name, stored or packed`() throws {
    let numbers = (0..<54).map { Float($0) }
    let stored = try ExampleSet.open(fixture("stored.npz"))
    #expect(stored.labels == [1, 0])
    #expect(try stored.values(0..<2) == numbers)
    let packed = try ExampleSet.open(fixture("train_test.npz") + "::/x_train")
    #expect(packed.labels == [2, 0])
    #expect(try packed.values(1..<2) == Array(numbers[27...]))
    #expect(try ExampleSet.open(fixture("train_test.npz") + "::/x_test").labels == [1])
    let error = #expect(throws: FileError.self) { try ExampleSet.open(fixture("train_test.npz")) }
    #expect(error?.reason.contains("::/x_train") == true)
    #expect(throws: FileError.self) { try ExampleSet.open(fixture("train_test.npz") + "::/z") }
    #expect(throws: FileError.self) {
      try ExampleSet.open(fixture("train_test.npz") + "::/x_train", unpackingLimit: 50)
    }
  }

  @Test(arguments: ["stored.npz", "train_test.npz"])
  func `damaged archives are read or refused, never more`(name: String) throws {
    let bytes = [UInt8](try Data(contentsOf: URL(filePath: fixture(name))))
    var mutator = FileMutator(seed: 5)
    try withTemporaryFolder { folder in
      let path = folder + "/damaged.npz"
      for _ in 0..<400 {
        try Data(mutator.mutated(bytes)).write(to: URL(filePath: path))
        do throws(FileError) {
          let set = try ExampleSet.open(path + (name == "stored.npz" ? "" : "::/x_train"))
          _ = try set.values(0..<set.count)
        } catch {
          #expect(error.path == path)
        }
      }
    }
  }

  @Test func `damaged records are read or refused, never more`() throws {
    var mutator = FileMutator(seed: 6)
    try withTemporaryFolder { folder in
      let path = folder + "/test_batch.bin"
      try PackedFixtures.write([[3], [9]], size: 32, to: path)
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: path)))
      for _ in 0..<300 {
        try Data(mutator.mutated(bytes)).write(to: URL(filePath: path))
        do throws(FileError) {
          let set = try ExampleSet.open(path)
          _ = try set.values(0..<set.count)
        } catch {
          #expect(error.path == path)
        }
      }
    }
  }
}
