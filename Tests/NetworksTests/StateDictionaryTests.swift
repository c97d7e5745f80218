import Checkpoints
import Files
import Networks
import TestSupport
import Testing

/// Networks found by the names and shapes of state dictionaries compute what their frameworks do.
@Suite struct StateDictionaryTests {
  @Test(arguments: StateDictionaryFixture.names)
  func `features are those of the framework`(name: String) throws {
    let fixture = try StateDictionaryFixture(name)
    try withTemporaryFolder { folder in
      let path = folder + "/network.safetensors"
      try fixture.write(to: path)
      let checkpoint = try Checkpoint.open(path)
      let found = try #require(
        try StateDictionaryArchitecture(of: checkpoint, options: fixture.options))
      #expect(found.title == fixture.title)
      let network = try Network(checkpoint, options: fixture.options)
      let tap = try network.graph.penultimate
      #expect(tap.featureCount == fixture.width)
      for isExact in [true, false] {
        let executor = try InferenceExecutor(
          network, taps: [tap], batchSize: 2, isExact: isExact)
        let values = try executor.run(fixture.images)[0]
        let features = values.withUnsafeBufferPointer {
          tap.features(of: $0, count: fixture.features.count / fixture.width)
        }
        // Winograd's algorithm loses digits, direct kernels only those of Float32.
        #expect(relativeDifference(features, fixture.features) < (isExact ? 1e-5 : 2e-4))
      }
    }
  }

  /// What `weights.transforms()` of torchvision's entries says, and its proportion at other sizes.
  @Test(arguments: [
    ("resnet50", 224, "torchvision: resize 256 bilinear, crop 224×224"),
    ("resnet50", 448, "torchvision: resize 512 bilinear, crop 448×448"),
    ("mobilenet_v2", 112, "torchvision: resize 128 bilinear, crop 112×112"),
    ("convnext_tiny", 224, "torchvision: resize 236 bilinear, crop 224×224"),
    ("efficientnet_b0", 224, "torchvision: resize 256 bicubic, crop 224×224"),
    ("efficientnet_b5", 456, "torchvision: resize 456 bicubic, crop 456×456"),
    ("efficientnet_b5", 228, "torchvision: resize 228 bicubic, crop 228×228"),
    ("efficientnet_v2_s", 384, "torchvision: resize 384 bilinear, crop 384×384"),
  ])
  func `the preprocessing is the family's, in proportion to the images`(
    name: String, side: Int, expected: String
  ) throws {
    let fixture = try StateDictionaryFixture(name)
    try withTemporaryFolder { folder in
      let path = folder + "/network.safetensors"
      try fixture.write(to: path)
      var options = fixture.options
      options.imageSize = Extent(side)
      let found = try #require(
        try StateDictionaryArchitecture(of: Checkpoint.open(path), options: options))
      #expect(found.preprocessing?.description.hasPrefix(expected) == true)
    }
  }
}
