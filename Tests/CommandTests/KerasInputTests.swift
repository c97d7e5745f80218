import Checkpoints
import Foundation
import HDF5
import Networks
import TestSupport
import Testing

/// What `anamorph features` gives Keras networks that read their images in other orders or sizes than
/// sets have them.
@Suite struct KerasInputTests {
  /// Writes a network of one convolution, whose result is all its positions.
  private func write(
    _ path: String, shape: [Int], order: String, pools: Bool = false
  ) throws -> Network {
    let extents = shape.map(String.init).joined(separator: ", ")
    let last =
      pools
      ? #"{"class_name": "GlobalAveragePooling2D", "config": {"name": "mean"}}"#
      : #"{"class_name": "Flatten", "config": {"name": "flat", "data_format": "\#(order)"}}"#
    let model = try JSON(
      parsing: """
        {"class_name": "Sequential", "config": {"name": "small", "layers": [
          {"class_name": "Conv2D", "config": {"name": "conv", "filters": 2, "kernel_size": [3, 3],
            "data_format": "\(order)", "batch_input_shape": [null, \(extents)]}},
          {"class_name": "BatchNormalization", "config": {"name": "norm",
            "axis": \(order == "channels_first" ? 1 : -1)}}, \(last)]}}
        """)
    let network = Network(
      try KerasArchitecture.graph(model, inputShape: pools ? [8, 8, 3] : nil), seed: 3,
      architecture: model)
    try network.write(to: path)
    return network
  }

  private func features(_ folder: String, _ set: String) throws -> [Float] {
    let result = try runAnamorph(
      ["features", "net.h5", "--data", set, "-o", "f.h5", "--at", "flat", "--exact"], in: folder)
    try #require(result.status == 0, "\(result.error)")
    return try File(readingAt: "\(folder)/f.h5").root.dataset("features").read(as: Float.self)
  }

  /// 2 × 3 × 6 × 7 numbers.
  private let values: [Float] = (0..<2 * 3 * 6 * 7).map { (index: Int) -> Float in
    Float((index * 37) % 101) / 50 - 1
  }

  /// The same as n × height × width × channels.
  private var channelsLast: [Float] {
    var result: [Float] = []
    for row in 0..<2 {
      for pixel in 0..<42 {
        for channel in 0..<3 { result.append(values[row * 126 + channel * 42 + pixel]) }
      }
    }
    return result
  }

  @Test(arguments: ["channels_first", "channels_last"])
  func `examples that are stored as the network reads them are not turned`(order: String) throws {
    try withTemporaryFolder { folder in
      // Three rows of six pixels are not three channels.
      let network = try write("\(folder)/net.h5", shape: [3, 6, 7], order: order)
      try File.create("\(folder)/set.h5") { root in
        try root.write("examples", shape: [2, 3, 6, 7], values)
      }
      #expect(
        try features(folder, "set.h5") == InferenceExecutor(network, isExact: true).run(values)[0])
    }
  }

  @Test func `images are turned for a network that reads their channels first`() throws {
    try withTemporaryFolder { folder in
      let network = try write("\(folder)/net.h5", shape: [3, 6, 7], order: "channels_first")
      try File.create("\(folder)/set.h5") { root in
        try root.write("examples", shape: [2, 6, 7, 3], channelsLast)
      }
      #expect(
        try features(folder, "set.h5") == InferenceExecutor(network, isExact: true).run(values)[0])
    }
  }

  @Test func `images with their channels first are turned for a network that reads them last`()
    throws
  {
    try withTemporaryFolder { folder in
      let network = try write("\(folder)/net.h5", shape: [6, 7, 3], order: "channels_last")
      try File.create("\(folder)/set.h5") { root in
        try root.write("examples", shape: [2, 3, 6, 7], values)
      }
      #expect(
        try features(folder, "set.h5")
          == InferenceExecutor(network, isExact: true).run(channelsLast)[0])
    }
  }

  @Test func `a network that leaves the size of its images open is told it`() throws {
    let images = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(components: "DatasetsTests", "Fixtures", "images").path(percentEncoded: false)
    let names = try FileManager.default.contentsOfDirectory(atPath: images)
      .filter { $0.hasSuffix(".png") }.sorted()
    let image = try #require(names.first)
    try withTemporaryFolder { folder in
      let network = try write(
        "\(folder)/net.h5", shape: [8, 8, 3], order: "channels_last", pools: true)
      // The same with its size left open.
      let text = network.architecture.text().replacing("[null,8,8,3]", with: "[null,null,null,3]")
      try text.write(toFile: "\(folder)/open.json", atomically: true, encoding: .utf8)
      try "\(images)/\(image) 0\n".write(
        toFile: "\(folder)/list.txt", atomically: true, encoding: .utf8)
      func run(_ more: String...) throws -> CommandResult {
        try runAnamorph(
          ["features", "net.h5", "--architecture", "open.json", "--data", "list.txt", "-o", "f.h5"]
            + more, in: folder)
      }
      let unsaid = try run()
      #expect(unsaid.status == 2)
      #expect(
        unsaid.error.hasSuffix(
          "net.h5: leaves the size of its images open; give it with --input-size HEIGHTxWIDTH, or "
            + "--resize HEIGHTxWIDTH\n"))
      let sized = try run("--input-size", "12x10")
      #expect(sized.status == 0, "\(sized.error)")
      #expect(
        sized.error.contains(
          "net.h5: leaves the size of its images open; reads 12×10×3, by --input-size\n"))
      #expect(
        sized.error.contains("net.h5: no classifier head; the features are its result, 'mean'\n"))
      let resized = try run("--resize", "9x9")
      #expect(resized.status == 0 && resized.error.contains("reads 9×9×3, by --resize or --crop\n"))
      let closed = try runAnamorph(
        ["features", "net.h5", "--data", "list.txt", "-o", "f.h5", "--input-size", "12"], in: folder
      )
      #expect(closed.status == 2)
      #expect(
        closed.error.contains(
          "net.h5: reads images of 8×8; --input-size is for networks that leave the size open"))
      // An architecture by itself has a graph.
      let graph = try runAnamorph(
        ["inspect", "--graph", "open.json", "--input-shape", "12", "10", "3"], in: folder)
      #expect(graph.status == 0 && graph.output.hasPrefix("open.json: "))
      #expect(
        graph.output.contains("penultimate tap: mean (2), the result: there is no classifier head"))
    }
  }
}
