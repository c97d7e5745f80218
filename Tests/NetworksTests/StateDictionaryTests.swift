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
}
