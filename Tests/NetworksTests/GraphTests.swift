import Networks
import Testing

@Suite struct GraphTests {
  @Test(arguments: [
    // Input, kernel, stride, dilation, output: ⌈input / stride⌉ for SAME, what fits for VALID.
    (8, 3, 1, 1, 8, 6), (8, 3, 2, 1, 4, 3), (7, 3, 2, 1, 4, 3), (7, 2, 3, 1, 3, 2),
    (1, 5, 2, 1, 1, 0), (9, 3, 1, 3, 9, 3), (5, 1, 4, 1, 2, 2),
  ])
  func `windows give as many positions as TensorFlow's rules say`(
    input: Int, kernel: Int, stride: Int, dilation: Int, same: Int, valid: Int
  ) throws {
    for (padding, expected) in [(Padding.same, same), (.valid, valid)] {
      let window = Window(
        Extent(kernel, 1), strides: Extent(stride, 1), dilation: Extent(dilation, 1),
        padding: padding)
      if expected == 0 {
        #expect(throws: NetworkError.self) {
          try row([input, 3, 2], [.convolution(Convolution(window, filters: 4))])
        }
      } else {
        let graph = try row([input, 3, 2], [.convolution(Convolution(window, filters: 4))])
        #expect(graph.outputShape == [expected, 3, 4])
      }
    }
  }

  static let mistakes: [([Int], Networks.Operation, String)] = [
    ([4, 4, 2], .convolution(Convolution(Window(Extent(5)), filters: 3)), "5×5 does not fit"),
    ([7], .convolution(Convolution(Window(Extent(1)), filters: 3)), "not the shape [7]"),
    ([4, 4, 3], .convolution(Convolution(Window(Extent(1)), filters: 4, groups: 2)), "2 groups"),
    ([4, 4, 3], .convolution(Convolution(Window(Extent(0)), filters: 4)), "between 1 and 65536"),
    ([4, 4, 3], .reshape([7, 7]), "cannot become [7, 7]"),
    ([5], .maximumPooling(Window(Extent(2))), "not the shape [5]"),
    ([5], .dense(outputs: 0, hasBias: true), "0 outputs"),
    ([5], .dropout(rate: 1), "rate of 1.0"),
    ([5], .add, "two inputs"),
    ([2, 2, 1], .zeroPadding(top: -1, bottom: 0, left: 0, right: 0), "out of range"),
    ([100_000], .dense(outputs: 1_000_000, hasBias: false), "more than"),
  ]

  @Test(arguments: mistakes)
  func `shapes that do not fit are refused with the layer's name`(
    shape: [Int], operation: Networks.Operation, words: String
  ) throws {
    let error = try #require(throws: NetworkError.self) { try row(shape, [operation]) }
    #expect(error.layer == "layer0")
    #expect(error.description.hasPrefix("layer 'layer0': "))
    #expect(error.reason.contains(words), "\(error)")
  }

  @Test func `input shapes without extents or beyond memory are refused`() {
    for shape in [[], [0], [3, -1], [Int.max, 2], [1 << 40]] {
      #expect(throws: NetworkError.self) { try GraphBuilder(inputShape: shape) }
    }
  }

  @Test func `two layers of one name are refused`() throws {
    var builder = try GraphBuilder(inputShape: [2])
    _ = try builder.add("a", .softmax, to: 0)
    let error = try #require(throws: NetworkError.self) { try builder.add("a", .softmax, to: 0) }
    #expect(error.description == "layer 'a': there are two layers of this name")
  }

  @Test func `the penultimate tap is the input of the classifier`() throws {
    let perceptron = try ArchitectureDescription.perceptron(inputs: 5, hidden: [4, 3], classes: 2)
      .graph()
    #expect(try perceptron.penultimate.name == "hidden2/activation")
    #expect(try perceptron.penultimate.shape == [3])
    #expect(try perceptron.headLayer.name == "head")
    #expect(try perceptron.tap(named: "hidden1").name == "hidden1/activation")
    let linear = try ArchitectureDescription.perceptron(inputs: 5, hidden: [], classes: 2).graph()
    #expect(try linear.penultimate.node == 0)
    // A convolution whose positions are averaged, as in fully convolutional classifiers.
    let convolutional = try row(
      [6, 6, 3],
      [
        .convolution(Convolution(Window(Extent(3)), filters: 8)), .activation(.relu),
        .convolution(Convolution(Window(Extent(1)), filters: 4)),
        .globalAveragePooling(keepsAxes: false), .softmax,
      ])
    #expect(try convolutional.penultimate.shape == [4, 4, 8])
    #expect(convolutional.nodes[convolutional.logits].name == "layer3")
  }

  @Test func `a network without a classifier head says so`() throws {
    let graphs = [
      try row([4, 4, 3], [.convolution(Convolution(Window(Extent(1)), filters: 4))]),
      try row([4], [.dense(outputs: 3, hasBias: true), .batchNormalization(BatchNormalization())]),
      try row([4], [.softmax]),
    ]
    for graph in graphs {
      let error = try #require(throws: NetworkError.self) { try graph.penultimate }
      #expect(error.reason.hasPrefix("no classifier head was found"))
    }
  }

  @Test func `an unknown tap is refused with the names there are`() throws {
    let graph = try row([4], [.softmax])
    let error = try #require(throws: NetworkError.self) { try graph.tap(named: "fc9") }
    #expect(
      error.description
        == "layer 'fc9': there is no such layer; the last ones are 'input', 'layer0'")
  }

  @Test func `weight layers know their matrices`() throws {
    let graph = try row(
      [6, 5, 3],
      [
        .convolution(Convolution(Window(Extent(3, 2)), filters: 8, hasBias: false)),
        .convolution(Convolution(Window(Extent(2)), filters: 1, isDepthwise: true)),
        .reshape([3 * 3 * 8]), .dense(outputs: 4, hasBias: true),
      ])
    let layers = graph.weightLayers
    #expect(layers.map(\.name) == ["layer0", "layer3"])
    #expect(layers.map(\.fanIn) == [18, 72])
    #expect(layers.map(\.outputs) == [8, 4])
    #expect(layers.map(\.positions) == [16, 1])
    #expect(layers.map(\.biasSlot) == [nil, 4])
    #expect(layers.map(\.inputTap.shape) == [[6, 5, 3], [72]])
    #expect(graph.parameters[3].shape == [72, 4])
    #expect(graph.parameters[1].shape == [2, 2, 8, 1])
  }
}
