import Checkpoints
import Files
import Networks
import Randomness
import TestSupport
import Testing

@Suite struct NetworkTests {
  private let description = ArchitectureDescription(
    inputShape: [8, 8, 3],
    layers: [
      .init(
        "c1", .convolution(filters: 4, Window(Extent(3), padding: .same), hasBias: false)),
      .init("n1", .batchNormalization(BatchNormalization(momentum: 0.75)), activation: .relu),
      .init("m1", .maximumPooling(Window(Extent(2), strides: Extent(2)))),
      .init(
        "c2",
        .convolution(
          filters: 6,
          Window(Extent(3), padding: .explicit(top: 1, bottom: 1, left: 0, right: 1)),
          hasBias: true), activation: .leakyRelu(slope: 0.25)),
      .init("a1", .averagePooling(Window(Extent(2), strides: Extent(2)))),
      .init("g", .flatten), .init("p", .dropout(rate: 0.5)),
      .init("d", .dense(outputs: 7, hasBias: true), activation: .elu(alpha: 0.5)),
      .init("head", .dense(outputs: 3, hasBias: true)),
    ])

  @Test func `a description comes back from its JSON`() throws {
    let text = description.json.text()
    #expect(try ArchitectureDescription(JSON(parsing: text)) == description)
    let pooled = ArchitectureDescription(
      inputShape: [4, 4, 2],
      layers: [.init("g", .globalAveragePooling, activation: .sigmoid)])
    #expect(try ArchitectureDescription(JSON(parsing: pooled.json.text())) == pooled)
  }

  @Test func `a damaged description is refused with the layer and what is missing`() throws {
    func error(_ text: String) throws -> String {
      try #require(throws: NetworkError.self) {
        try ArchitectureDescription(JSON(parsing: text))
      }.description
    }
    let start = #"{"format": "anamorph-architecture", "version": 1, "dataOrder": "channelsLast", "#
    #expect(try error("{}") == "the architecture is not marked 'anamorph-architecture'")
    #expect(
      try error(start + #""inputShape": [3], "layers": [{"name": "a", "kind": "dense"}]}"#)
        == "layer 'a': 'outputs' is missing or of another kind")
    #expect(
      try error(start + #""inputShape": [3], "layers": [{"name": "a", "kind": "lstm"}]}"#)
        == "layer 'a': the kind 'lstm' is unknown")
    #expect(
      try error(start.replacing("channelsLast", with: "sideways") + #""layers": []}"#)
        == "the data order 'sideways' is unknown")
  }

  @Test func `a network comes back from its checkpoint`() throws {
    let network = Network(try description.graph(), seed: 4, architecture: description.json)
    try withTemporaryFolder { folder in
      let path = folder + "/network.h5"
      try network.write(to: path, training: ["method": "none"], parentDigest: "abc")
      let checkpoint = try Checkpoint.open(path)
      let again = try Network(checkpoint)
      #expect(again.graph == network.graph)
      #expect(again.parameters == network.parameters)
      #expect(checkpoint.parentDigest == "abc")
      #expect(checkpoint.training == ["method": "none"])
    }
  }

  @Test func `parameters that are missing, left over, misshapen or not finite are refused`() throws
  {
    let plain = ArchitectureDescription.perceptron(inputs: 2, hidden: [3], classes: 2)
    let network = Network(try plain.graph(), seed: 4)
    let good = zip(network.graph.parameters, network.parameters).map {
      NamedTensor(layer: $0.layer, role: $0.role, tensor: $1)
    }
    func message(_ change: (inout [NamedTensor]) -> Void) throws -> String {
      var parameters = good
      change(&parameters)
      return try withTemporaryFolder { folder in
        let path = folder + "/c.h5"
        try Checkpoint.write(to: path, architecture: plain.json, parameters: parameters)
        let error = try #require(throws: FileError.self) { try Network(Checkpoint.open(path)) }
        return error.description.replacing(folder + "/", with: "")
      }
    }
    #expect(
      try message { $0.remove(at: 1) }
        == "c.h5: hidden1/bias: is missing; the architecture wants it with the shape [3]")
    #expect(
      try message { $0[2].tensor = Tensor(shape: [2, 3]) }
        == "c.h5: head/kernel: has the shape [2, 3] where the architecture wants [3, 2]")
    #expect(
      try message {
        $0[2].tensor.values[3] = .nan
        $0[2].tensor.values[5] = .infinity
      } == "c.h5: head/kernel: holds NaN at [1, 1]; 2 of 6 values are not finite")
    #expect(
      try message { $0.append(NamedTensor(layer: "x", role: .bias, tensor: Tensor(shape: [4]))) }
        == "c.h5: x/x/bias: the architecture has no place for this parameter of the shape [4]")
  }

  @Test func `a checkpoint without an architecture is refused`() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/c.h5"
      try Checkpoint.write(to: path, architecture: nil, parameters: [])
      let error = try #require(throws: FileError.self) { try Network(Checkpoint.open(path)) }
      #expect(error.reason.hasPrefix("holds parameters without an architecture"))

      let plain = ArchitectureDescription.perceptron(inputs: 2, hidden: [], classes: 2)
      let network = Network(try plain.graph(), seed: 4)
      try network.write(to: path)
      #expect(try Checkpoint.open(path).architecture == nil)
      let again = try Network(Checkpoint.open(path), architecture: plain.json)
      #expect(again.parameters == network.parameters)
    }
  }

  @Test func `a new head leaves everything else as it was`() throws {
    let network = Network(try description.graph(), seed: 4, architecture: description.json)
    let wider = try network.replacingHead(classes: 9, initializer: .zeros, seed: 7)
    let head = try network.graph.headLayer
    #expect(wider.graph.outputShape == [9])
    #expect(wider.parameters[head.kernelSlot] == Tensor(shape: [7, 9]))
    for slot in network.parameters.indices
    where slot != head.kernelSlot && slot != head.biasSlot {
      #expect(wider.parameters[slot] == network.parameters[slot])
    }
    #expect(try Graph(architecture: wider.architecture) == wider.graph)
    let drawn = try network.replacingHead(classes: 3, seed: 7)
    #expect(drawn.parameters != network.parameters)
    #expect(drawn.parameters == (try network.replacingHead(classes: 3, seed: 7)).parameters)
  }

  @Test func `initial kernels have the variance of their rule`() throws {
    let slot = try ArchitectureDescription.perceptron(inputs: 50, hidden: [], classes: 2000)
      .graph().parameters[0]
    var generator = SeededGenerator(seed: 1, "initial")
    let normal = Initializer.heNormal.tensor(for: slot, using: &generator).values
    let variance = normal.reduce(0) { $0 + Double($1) * Double($1) } / Double(normal.count)
    // The variance of 100,000 squares has a relative standard deviation of √(2/100000) = 0.0045.
    #expect(abs(variance / (2 / 50) - 1) < 0.02)
    let uniform = Initializer.uniform.tensor(for: slot, using: &generator).values
    let bound = Float(1 / 50.0.squareRoot())
    #expect(uniform.allSatisfy { abs($0) <= bound })
    #expect(uniform.contains { $0 > 0.99 * bound } && uniform.contains { $0 < -0.99 * bound })
    let network = Network(try description.graph(), seed: 1)
    for (slot, tensor) in zip(network.graph.parameters, network.parameters) {
      switch slot.role {
      case .bias, .beta, .movingMean: #expect(tensor.values.allSatisfy { $0 == 0 })
      case .gamma, .movingVariance: #expect(tensor.values.allSatisfy { $0 == 1 })
      default: #expect(Set(tensor.values).count == tensor.count)
      }
    }
  }
}
