import Datasets
import Files
import Foundation
import TestSupport
import Testing

@Suite struct ImageFolderTests {
  /// What `make_images.py` recorded.
  private struct Record: Decodable {
    struct Folder: Decodable {
      struct Row: Decodable {
        var path: String
        var label: Int

        init(from decoder: any Decoder) throws {
          var row = try decoder.unkeyedContainer()
          path = try row.decode(String.self)
          label = try row.decode(Int.self)
        }
      }
      var names: [String]
      var order: [Row]
    }
    var folder: Folder
  }

  /// Writes the same small image under every name.
  private func fill(_ folder: String, _ names: [String]) throws {
    let image = Data(try ImageFixtures.bytes("rgb.png"))
    for name in names {
      let url = URL(filePath: folder + "/" + name)
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try image.write(to: url)
    }
  }

  @Test func `examples have the rows that torchvision's ImageFolder gives them`() throws {
    let data = try Data(contentsOf: URL(filePath: fixture("images.json")))
    let expected = try JSONDecoder().decode(Record.self, from: data).folder
    try withTemporaryFolder { folder in
      try fill(folder, expected.names)
      let set = try ExampleSet.open(folder)
      #expect(set.identifiers == .names(expected.order.map(\.path)))
      #expect(set.labels == expected.order.map(\.label))
      #expect(set.classNames == ["B", "_", "a", "Ä"])
      #expect(set.classCount == 4)
      #expect(try set.values(5..<6) == ImageFixtures.expected("rgb.png").values(0..<1))
    }
  }

  @Test func `a folder is ImageNet's by the names of its folders or their numbers`() throws {
    try withTemporaryFolder { folder in
      try fill(folder, ["n01440764/a.png", "n15075141/b.png", "n01443537/c.png"])
      #expect(try ExampleSet.open(folder).labels == [0, 1, 2])
      let set = try ExampleSet.open(folder + "::/imagenet")
      #expect(set.labels == [0, 1, 999])
      #expect(set.classCount == 1000)
      #expect(set.presentClasses == [0, 1, 999])
    }
    try withTemporaryFolder { folder in
      try fill(folder, ["0/a.png", "10/b.png", "2/c.png"])
      // ImageNet-V2's folders are numbers, whose alphabetical order is another.
      #expect(try ExampleSet.open(folder + "::/imagenet").labels == [0, 10, 2])
    }
  }

  @Test func `BREEDS takes halves of groups, all or none`() throws {
    let map = try #require(ClassMap(builtIn: "living-17/source"))
    let target = try #require(ClassMap(builtIn: "living-17/target"))
    #expect(map.classCount == 17 && map.targets.count == 34 && target.targets.count == 34)
    #expect(Set(map.targets.keys).isDisjoint(with: target.targets.keys))
    #expect(map.classNames?.first == "salamander" && map.targets["n01631663"] == 0)
    #expect(target.targets["n02492660"] == 16)
    let entity = try #require(ClassMap(builtIn: "entity-30"))
    #expect(entity.classCount == 30 && entity.targets.count == 240)
    let imageNet = try #require(ClassMap(builtIn: "imagenet"))
    #expect(entity.targets.keys.allSatisfy { imageNet.targets[$0] != nil })
    #expect(imageNet.targets["n15075141"] == 999 && imageNet.targets.count == 2000)

    try withTemporaryFolder { folder in
      let names = target.targets.keys.sorted()
      try fill(folder, names.map { "\($0)/1.png" } + ["n01440764/1.png"])
      let set = try ExampleSet.open(folder + "::/living-17/target")
      #expect(set.count == 34)
      #expect(set.labels == names.compactMap { target.targets[$0] })
      let error = #expect(throws: FileError.self) {
        try ExampleSet.open(folder + "::/living-17/source")
      }
      #expect(error?.reason.contains("is missing") == true)
      #expect(throws: FileError.self) { try ExampleSet.open(folder + "::/living-18") }
    }
  }

  @Test func `a list holds paths and labels, seen from its folder or the one above`() throws {
    try withTemporaryFolder { folder in
      try fill(folder, ["sketch/bird/1.png", "sketch/axe/2.png", "splits/x.png"])
      let text = "sketch/bird/1.png 1\nsketch/axe/2.png 0\r\n\nsketch/bird/1.png 1"
      for list in ["\(folder)/sketch_train.txt", "\(folder)/splits/sketch_train.txt"] {
        try text.write(toFile: list, atomically: true, encoding: .utf8)
        let set = try ExampleSet.open(list)
        #expect(set.labels == [1, 0, 1])
        #expect(set.classNames == ["axe", "bird"])
        #expect(set.identifiers[1] == "sketch/axe/2.png")
        #expect(try set.values(2..<3) == ImageFixtures.expected("rgb.png").values(0..<1))
      }
      let bad = "\(folder)/bad.txt"
      try "sketch/bird/1.png 1\nx".write(toFile: bad, atomically: true, encoding: .utf8)
      let error = #expect(throws: FileError.self) { try ExampleSet.open(bad) }
      #expect(error?.object == "line 2")
    }
  }

  @Test func `corrupt images are left out and named when that is asked for`() throws {
    try withTemporaryFolder { folder in
      try fill(folder, ["a/1.png", "a/2.png", "b/1.png"])
      let damaged = Data(try ImageFixtures.bytes("rgb.png").prefix(1000))
      try damaged.write(to: URL(filePath: folder + "/a/1.png"))
      let whole = try ExampleSet.open(folder)
      #expect(throws: FileError.self) { try whole.values(0..<3) }
      let set = try ExampleSet.open(
        folder, reading: ImageReading(skipsCorrupt: true, threads: 2))
      #expect(set.identifiers == .names(["a/2.png", "b/1.png"]))
      #expect(set.labels == [0, 1])
      #expect(set.skipped.map(\.path) == [folder + "/a/1.png"])
    }
  }

  @Test func `folders without classes or images are refused`() throws {
    try withTemporaryFolder { folder in
      #expect(throws: FileError.self) { try ExampleSet.open(folder) }
      try FileManager.default.createDirectory(
        atPath: folder + "/a", withIntermediateDirectories: true)
      let error = #expect(throws: FileError.self) { try ExampleSet.open(folder) }
      #expect(error?.path == folder + "/a")
      // A link to the folder above goes round in a circle.
      try FileManager.default.createSymbolicLink(
        atPath: folder + "/a/round", withDestinationPath: folder + "/a")
      #expect(throws: FileError.self) { try ExampleSet.open(folder) }
    }
  }

  @Test func `FMoW's images are chosen by region and split`() throws {
    try withTemporaryFolder { folder in
      let rows = [
        "train,airport,\"2010-01-01T00:00:00Z\",USA", "train,zoo,2014-01-01T00:00:00Z,USA",
        "test,zoo,2016-01-01T00:00:00Z,FRA", "test,zoo,2017-05-01T00:00:00Z,KEN",
        "test,dam,2012-12-31T00:00:00Z,KEN", "val,dam,2015-12-31T00:00:00Z,XXX",
        "seq,dam,2010-01-01T00:00:00Z,USA", "train,barn,2002-01-01T00:00:00Z,KEN",
      ]
      func write(_ text: String, _ name: String) throws {
        try text.write(toFile: "\(folder)/\(name)", atomically: true, encoding: .utf8)
      }
      try write(
        "split,category,timestamp,country_code\n" + rows.joined(separator: "\n") + "\n",
        "rgb_metadata.csv")
      try write(
        "name,alpha-3,region\n\"Korea, Republic of\",KOR,Asia\nFrance,FRA,Europe\nKenya,KEN,Africa\n"
          + "United States,USA,Americas\n", "country_code_mapping.csv")
      try fill(folder, (0..<8).map { "images/rgb_img_\($0).png" })
      func open(_ part: String) throws -> ([Int]?, ExampleIdentifiers) {
        let set = try ExampleSet.open("\(folder)::/\(part)")
        #expect(set.classCount == 62)
        return (set.labels, set.identifiers)
      }
      #expect(try open("americas/train") == ([0], .names(["images/rgb_img_0.png"])))
      #expect(try open("africa,europe/test").0 == [61, 61])
      #expect(
        try open("all/train") == ([0, 6], .names([0, 7].map { "images/rgb_img_\($0).png" })))
      #expect(try open("africa/id_test").1 == .names(["images/rgb_img_4.png"]))
      #expect(try open("other/val").1 == .names(["images/rgb_img_5.png"]))
      for part in ["", "::/mars/train", "::/asia/dev", "::/asia/train"] {
        #expect(throws: FileError.self) { try ExampleSet.open(folder + part) }
      }
    }
  }
}
