import Datasets
import Files
import Randomness
import Testing

@Suite struct SetNameTests {
  @Test(arguments: [
    ("a.h5", SetName(file: "a.h5")),
    ("a.h5::/x/y", SetName(file: "a.h5", object: "/x/y")),
    ("a.h5::x", SetName(file: "a.h5", object: "/x")),
    ("dir::odd/a.h5::/x", SetName(file: "dir::odd/a.h5", object: "/x")),
    ("::/y", SetName(file: "", object: "/y")),
    ("", SetName(file: "")),
    (":", SetName(file: ":")),
  ])
  func `a name is split at its last two colons`(text: String, name: SetName) {
    #expect(SetName(parsing: text) == name)
  }
}

@Suite struct ExampleSetTests {
  /// Ten images of 2 × 2 that hold ten times their row, plus the place.
  static let ten = ExampleSet(
    name: "ten", values: (0..<10).flatMap { n in (0..<4).map { Float(10 * n + $0) } },
    exampleShape: [2, 2, 1], labels: (0..<10).map { $0 % 3 })

  @Test func `a set in memory gives its rows and says what it is`() throws {
    #expect(Self.ten.count == 10)
    #expect(Self.ten.classCount == 3)
    #expect(Self.ten.valuesPerExample == 4)
    #expect(try Self.ten.values(3..<4) == [30, 31, 32, 33])
    #expect(try Self.ten.values(at: [9, 0]) == [90, 91, 92, 93, 0, 1, 2, 3])
    #expect(
      Self.ten.description == "ten: 10 examples of 2×2×1 float32, 3 classes (in memory)")
  }

  @Test func `a subset keeps labels and identifiers of its rows`() throws {
    let subset = Self.ten.subset([7, 2, 2])
    #expect(subset.count == 3)
    #expect(subset.labels == [1, 2, 2])
    #expect(subset.classCount == 3)
    #expect(subset.identifiers == .numbers([7, 2, 2]))
    #expect(subset.identifiers.firstRepeated == "2")
    #expect(try subset.values(0..<2) == [70, 71, 72, 73, 20, 21, 22, 23])
    #expect(subset.subset([1]).identifiers[0] == "2")
  }

  @Test func `a split is disjoint, complete and the same for the same seed`() throws {
    func split(_ seed: UInt64) -> [ExampleSet] {
      var generator = SeededGenerator(seed: seed, "split")
      return Self.ten.split([6, 3, 1], using: &generator)
    }
    let parts = split(1)
    #expect(parts.map(\.count) == [6, 3, 1])
    let rows = parts.flatMap { part in (0..<part.count).map { part.identifiers[$0] } }
    #expect(Set(rows).count == 10)
    let again = split(1).flatMap { part in (0..<part.count).map { part.identifiers[$0] } }
    let other = split(2).flatMap { part in (0..<part.count).map { part.identifiers[$0] } }
    #expect(rows == again)
    #expect(rows != other)
  }

  @Test func `a loaded set has the same rows`() throws {
    let subset = Self.ten.subset([4, 1])
    #expect(try subset.loaded().values(0..<2) == subset.values(0..<2))
    #expect(try subset.loaded().labels == subset.labels)
  }

  @Test func `vectors can be seen as images and images as vectors`() throws {
    let vectors = try Self.ten.reshaped(to: [4])
    #expect(vectors.exampleShape == [4])
    #expect(vectors.channelCount == 1)
    #expect(try vectors.values(0..<10) == Self.ten.values(0..<10))
    let images = try vectors.reshaped(to: [1, 2, 2])
    #expect(images.channelCount == 2)
    #expect(images.labels == Self.ten.labels)
    let error = #expect(throws: FileError.self) { try vectors.reshaped(to: [3, 1, 1]) }
    #expect(error?.description == "ten: examples of 4 values cannot be seen as 3 × 1 × 1")
  }

  @Test func `classes can be grouped`() {
    let set = Self.ten.relabelled(classCount: 2) { $0 % 2 }
    #expect(set.labels == [0, 1, 0, 0, 1, 0, 0, 1, 0, 0])
    #expect(set.classCount == 2)
  }
}

@Suite struct BatchesTests {
  @Test(arguments: [(10, 3), (9, 3), (1, 5), (0, 4)])
  func `an epoch visits every row once`(count: Int, size: Int) {
    let batches = Batches(count: count, size: size, seed: 3)
    let epoch = batches.epoch(0)
    #expect(epoch.count == batches.batchesPerEpoch)
    #expect(epoch.flatMap(\.self).sorted() == Array(0..<count))
    #expect(epoch.dropLast().allSatisfy { $0.count == size })
  }

  @Test func `epochs differ, repeat alone, and depend on the seed`() {
    let batches = Batches(count: 50, size: 8, seed: 3)
    #expect(batches.epoch(4) == Batches(count: 50, size: 8, seed: 3).epoch(4))
    #expect(batches.epoch(4) != batches.epoch(5))
    #expect(batches.epoch(4) != Batches(count: 50, size: 8, seed: 4).epoch(4))
  }

  @Test func `the short last batch can be left out`() {
    let batches = Batches(count: 10, size: 4, seed: 0, dropsLast: true)
    #expect(batches.epoch(0).map(\.count) == [4, 4])
    #expect(batches.batchesPerEpoch == 2)
  }

  @Test func `blocks in order cover the rows`() {
    #expect(Batches.inOrder(7, size: 3) == [0..<3, 3..<6, 6..<7])
    #expect(Batches.inOrder(0, size: 3) == [])
  }
}

@Suite struct PreprocessingTests {
  @Test(arguments: 0...255)
  func `bytes scaled to one agree with division in single precision`(byte: Int) {
    var values = [Float(byte)]
    Preprocessing.unit.apply(to: &values, channels: 1)
    #expect(values == [Float(byte) / 255])
    values = [Float(byte)]
    Preprocessing.symmetric.apply(to: &values, channels: 1)
    #expect(abs(values[0] - (Float(byte) / 127.5 - 1)) <= 0x1p-24)
  }

  @Test func `each channel has its own scale and shift`() {
    var values: [Float] = [1, 2, 3, 4, 5, 6]
    Preprocessing(scales: [1, 10, 100], shifts: [0, 1, 2]).apply(to: &values, channels: 3)
    #expect(values == [1, 21, 302, 4, 51, 602])
  }

  @Test func `standardising takes means and deviations of the scaled values`() {
    var values: [Float] = [255, 0]
    Preprocessing.standardized(means: [0.5], deviations: [0.25]).apply(to: &values, channels: 1)
    #expect(values == [2, -2])
  }

  @Test(arguments: [
    (Preprocessing.raw, "raw"),
    (Preprocessing(scale: 0.0625, shift: -0.3), "scale 0.0625 shift -0.3"),
    (Preprocessing(scale: 2), "scale 2"),
    (Preprocessing(scales: [1, 2], shifts: [0, -1]), "scale 1,2 shift 0,-1"),
    (Preprocessing.unit, "scale 0.00392156862745098"),
  ])
  func `the description is read back to the same value`(value: Preprocessing, text: String) {
    #expect(value.description == text)
    #expect(Preprocessing(parsing: text) == value)
  }

  @Test(arguments: [
    "", "scale", "scale x", "scale 1 scale 2", "scale 1,2 shift 1,2,3", "scale inf", "half",
  ])
  func `what is no preprocessing is not read`(text: String) {
    #expect(Preprocessing(parsing: text) == nil)
  }

  @Test func `one scale goes with several shifts`() {
    #expect(
      Preprocessing(parsing: "scale 2 shift 1,2") == Preprocessing(scales: [2, 2], shifts: [1, 2]))
    #expect(Preprocessing(parsing: "symmetric") == .symmetric)
  }

  @Test func `preprocessing for other channels is an error, not the end`() {
    let set = ExampleSetTests.ten.preprocessed(
      by: Preprocessing(scales: [1, 2, 3], shifts: [0, 0, 0]))
    #expect(
      throws: FileError(
        path: "ten", reason: "preprocessing for 3 channels, but examples have 1")
    ) { try set.values(0..<1) }
  }

  @Test func `a set is changed while it is read`() throws {
    let set = ExampleSetTests.ten.preprocessed(by: Preprocessing(scale: 2, shift: 1))
    #expect(try set.values(1..<2) == [21, 23, 25, 27])
    #expect(set.labels == ExampleSetTests.ten.labels)
  }
}
