import Datasets
import Files
import TestSupport
import Testing

@Suite struct ImageSizingTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var sizing: ImageSizing

    init(_ name: String, _ resize: ImageSizing.Resize, _ crop: (Int, Int)?, _ how: Interpolation) {
      testDescription = name
      sizing = ImageSizing(
        resize: resize, crop: crop.map { .init(height: $0.0, width: $0.1) }, interpolation: how)
    }
  }

  static let cases = [
    Case("bilinear_20_crop_16", .shorterSide(20), (16, 16), .bilinear),
    Case("bicubic_13_crop_13", .shorterSide(13), (13, 13), .bicubic),
    Case("bilinear_61_crop_56", .shorterSide(61), (56, 56), .bilinear),
    Case("bicubic_41", .shorterSide(41), nil, .bicubic),
    Case("bicubic_11x48", .exact(height: 11, width: 48), nil, .bicubic),
    Case("bilinear_29x12", .exact(height: 29, width: 12), nil, .bilinear),
    Case("nearest_16x20", .exact(height: 16, width: 20), nil, .nearest),
    Case("nearest_50x61", .exact(height: 50, width: 61), nil, .nearest),
    Case("crop_14x21", .none, (14, 21), .bilinear),
    Case("crop_40x20", .none, (40, 20), .bilinear),
    Case("bilinear_9_crop_12", .shorterSide(9), (12, 12), .bilinear),
  ]

  @Test(arguments: cases)
  func `an image is sized as torchvision sizes it, to the last bit`(one: Case) throws {
    let expected = try ImageFixtures.expected(one.testDescription)
    try withTemporaryFolder { folder in
      let set = try ExampleSet.open(
        ImageFixtures.list([ImageFixtures.path("rgb.jpg")], in: folder),
        reading: ImageReading(sizing: one.sizing))
      #expect(set.exampleShape == expected.exampleShape)
      let (found, wanted) = (try set.values(0..<1), try expected.values(0..<1))
      let isSame = found == wanted
      #expect(isSame)
    }
  }

  @Test(arguments: cases)
  func `an image in an array is sized as one in a file`(one: Case) throws {
    let expected = try ImageFixtures.expected(one.testDescription)
    let set = try ImageFixtures.expected("rgb.jpg").sized(by: one.sizing)
    #expect(set.exampleShape == expected.exampleShape)
    let (found, wanted) = (try set.values(0..<1), try expected.values(0..<1))
    let isSame = found == wanted
    #expect(isSame)
  }

  @Test(arguments: Interpolation.allCases)
  func `one colour stays one colour`(how: Interpolation) throws {
    try withTemporaryFolder { folder in
      var values: [UInt8] = []
      for value in [0, 7, 255] as [UInt8] { values += [UInt8](repeating: value, count: 11 * 6) }
      let set = try ExampleSet.open(
        PackedFixtures.numPy(values, shape: [3, 11, 6, 1], in: folder),
        reading: ImageReading(
          sizing: ImageSizing(resize: .exact(height: 5, width: 17), interpolation: how)))
      for (row, value) in [0, 7, 255].enumerated() {
        #expect(try set.values(row..<row + 1) == [Float](repeating: Float(value), count: 85))
      }
    }
  }

  @Test func `numbers that are no bytes are not resized`() {
    let set = ExampleSet(name: "x", values: [1, 2, 3, 4], exampleShape: [2, 2, 1])
    #expect(throws: FileError.self) {
      try set.sized(by: ImageSizing(resize: .shorterSide(1)))
    }
  }

  @Test func `images of several sizes need a size`() throws {
    try withTemporaryFolder { folder in
      let paths = ["rgb.jpg", "rgb.png"].map(ImageFixtures.path)
      let list = try ImageFixtures.list(paths, in: folder)
      let sizing = ImageSizing(resize: .none, crop: .init(height: 3, width: 4))
      #expect(try ExampleSet.open(list, reading: .init(sizing: sizing)).exampleShape == [3, 4, 3])
      #expect(try ExampleSet.open(list).exampleShape == [29, 37, 3])
    }
  }

  @Test(arguments: [
    ("torchvision", "resize 256 bilinear, crop 224"), ("clip", "resize 224 bicubic, crop 224"),
    ("timm", "resize 248 bicubic, crop 224"), ("keras-tf", "resize 224x224 nearest"),
    ("raw", "resize 224 bilinear, crop 224"),
  ])
  func `a preparation has the sizes it is known by`(name: String, sizing: String) throws {
    let preparation = try #require(ImagePreparation(named: name, height: 224, width: 224))
    #expect("\(preparation.sizing)" == sizing)
  }

  @Test func `a preparation has the numbers it is known by`() throws {
    func prepared(_ name: String) throws -> [Float] {
      var values: [Float] = [0, 127.5, 255]
      let numbers = try #require(ImagePreparation.numbers(named: name))
      numbers.apply(to: &values, channels: 3)
      return values
    }
    #expect(try prepared("keras-tf") == [-1, 0, 1])
    for (a, b) in zip(try prepared("keras-caffe"), [151.061, 10.721, -123.68] as [Float]) {
      #expect(abs(a - b) < 1e-4)
    }
    let torchvision = try prepared("torchvision")
    let expected: [Float] = [-0.485 / 0.229, (0.5 - 0.456) / 0.224, (1 - 0.406) / 0.225]
    for (a, b) in zip(torchvision, expected) { #expect(abs(a - b) < 1e-6) }
    let text = "\(try #require(ImagePreparation.numbers(named: "keras-caffe")))"
    #expect(text == "bgr scale 1,1,1 shift -103.939,-116.779,-123.68")
    #expect(Preprocessing(parsing: text) == ImagePreparation.numbers(named: "keras-caffe"))
  }

  @Test func `networks of Keras that scale inside are given bytes, sized as Keras does`() throws {
    let names = [
      "efficientnetb0", "efficientnetv2-s", "convnext_tiny", "MobilenetV3large", "resnet50",
    ]
    #expect(
      names.map { ImagePreparation.name(ofKerasModel: $0, scalesInside: true) }
        == ["keras-raw", "keras-raw", "keras-raw", "keras-raw", "keras-caffe"])
    // Made without their own scaling, they are given what it would make.
    #expect(
      names.map { ImagePreparation.name(ofKerasModel: $0) }
        == ["keras-raw", "keras-tf", "keras-torch", "keras-tf", "keras-caffe"])
    let raw = try #require(ImagePreparation(named: "keras-raw", height: 8, width: 6))
    #expect(raw.numbers.isRaw)
    #expect(
      raw.sizing == ImageSizing(resize: .exact(height: 8, width: 6), interpolation: .nearest))
  }
}
