import Checkpoints
import Networks
import Testing

/// Images resized as TensorFlow resizes them; `Fixtures/make_resizing.py` wrote what it gave.
@Suite struct ResizingTests {
  private func numbers(_ json: JSON?) throws -> [Double] {
    try #require(json?.array).compactMap(\.double)
  }

  @Test func `images are resized as TensorFlow does, in every way and to any size`() throws {
    let json = try Fixture("resizing.json").json
    let image = try numbers(json["image"]).map { Float($0) }
    let cases = try #require(json["cases"]?.array)
    #expect(cases.count == 35)
    for each in cases {
      let name = try #require(each["method"]?.string)
      let method = try #require(Resizing.Method(rawValue: name))
      let size = try numbers(each["size"]).map { Int($0) }
      let expected = try numbers(each["values"])
      var builder = try GraphBuilder(inputShape: [5, 4, 2])
      let resized = try builder.add(
        "resized", .resizing(Resizing(to: Extent(size[0], size[1]), method)), to: builder.input)
      let network = Network(builder.graph(output: resized), seed: 1)
      let found = try InferenceExecutor(network).run(image)[0]
      #expect(found.count == expected.count)
      let largest = zip(found, expected).map { abs(Double($0) - $1) }.max() ?? 1
      #expect(largest < 2e-6, "\(name) to \(size)")
    }
  }
}
