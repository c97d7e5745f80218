import Networks
import Randomness
import Testing

@Suite struct GradientTests {
  static let activations: [Activation] = [
    .relu, .relu6, .leakyRelu(slope: 0.3), .elu(alpha: 0.7), .tanh, .sigmoid,
  ]
  /// Something to train below the operation in question, so that its input's gradient matters.
  static let convolution = Networks.Operation.convolution(
    Convolution(Window(Extent(3), padding: .same), filters: 3))

  @Test func `a dense layer`() throws {
    try expectGradients(row([5], [.dense(outputs: 4, hasBias: true)]))
    try expectGradients(
      row([5], [.dense(outputs: 4, hasBias: false), .dense(outputs: 3, hasBias: true)]))
  }

  @Test func `a dense layer over the last axis of an image`() throws {
    try expectGradients(
      row([3, 2, 5], [.dense(outputs: 4, hasBias: true), .dense(outputs: 3, hasBias: true)]))
  }

  @Test(arguments: activations)
  func `an activation`(activation: Activation) throws {
    try expectGradients(
      row(
        [5],
        [
          .dense(outputs: 8, hasBias: true), .activation(activation),
          .dense(outputs: 3, hasBias: true),
        ]), piecewise: true)
    try expectGradients(
      row([4, 4, 2], [Self.convolution, .activation(activation)]), piecewise: true)
  }

  @Test func `a softmax inside the network`() throws {
    try expectGradients(
      row(
        [5], [.dense(outputs: 4, hasBias: true), .softmax, .dense(outputs: 3, hasBias: true)]))
  }

  @Test(arguments: [
    Window(Extent(3)), Window(Extent(3), padding: .same), Window(Extent(3, 2), padding: .same),
    Window(Extent(3), strides: Extent(2), padding: .same),
    Window(Extent(2), strides: Extent(2), padding: .same),
    Window(Extent(1), strides: Extent(2), padding: .same),
    Window(Extent(3), strides: Extent(2, 1)),
    Window(Extent(2), dilation: Extent(2), padding: .same),
    Window(Extent(3), padding: .explicit(top: 2, bottom: 0, left: 1, right: 2)),
  ])
  func `a convolution`(window: Window) throws {
    for hasBias in [true, false] {
      try expectGradients(
        row(
          [7, 6, 2],
          [
            Self.convolution,
            .convolution(Convolution(window, filters: 4, hasBias: hasBias)),
          ]), count: 2)
    }
  }

  @Test func `a convolution in groups`() throws {
    try expectGradients(
      row(
        [5, 5, 4],
        [
          .convolution(Convolution(Window(Extent(3), padding: .same), filters: 6, groups: 2)),
          .convolution(
            Convolution(Window(Extent(3), padding: .same), filters: 1, isDepthwise: true)),
          .convolution(
            Convolution(
              Window(Extent(3), strides: Extent(2), padding: .same), filters: 2,
              isDepthwise: true)),
        ]), count: 2)
  }

  @Test(arguments: [TrainingExecutor.Mode.train, .evaluate])
  func `batch normalization`(mode: TrainingExecutor.Mode) throws {
    for (scale, shift) in [(true, true), (true, false), (false, true), (false, false)] {
      let normalization = Networks.Operation.batchNormalization(
        BatchNormalization(hasScale: scale, hasShift: shift))
      try expectGradients(
        row([4, 4, 2], [Self.convolution, normalization, Self.convolution]), mode: mode)
      try expectGradients(
        row([5], [.dense(outputs: 4, hasBias: true), normalization]), count: 6, mode: mode)
    }
  }

  @Test(arguments: [
    Window(Extent(2), strides: Extent(2)), Window(Extent(3), strides: Extent(2), padding: .same),
    Window(Extent(2), strides: Extent(1), padding: .same), Window(Extent(2, 3)),
  ])
  func `pooling`(window: Window) throws {
    try expectGradients(
      row([5, 6, 2], [Self.convolution, .averagePooling(window, countsPadding: false)]))
    try expectGradients(
      row([5, 6, 2], [Self.convolution, .maximumPooling(window)]), piecewise: true)
  }

  @Test func `pooling over all positions`() throws {
    for keepsAxes in [true, false] {
      try expectGradients(
        row([5, 4, 2], [Self.convolution, .globalAveragePooling(keepsAxes: keepsAxes)]))
      try expectGradients(
        row([5, 4, 2], [Self.convolution, .globalMaximumPooling(keepsAxes: keepsAxes)]),
        piecewise: true)
    }
  }

  @Test func `zero padding, flattening and a dense layer`() throws {
    try expectGradients(
      row(
        [3, 4, 2],
        [
          Self.convolution, .zeroPadding(top: 1, bottom: 2, left: 0, right: 3),
          .reshape([6 * 7 * 3]), .dense(outputs: 3, hasBias: true),
        ]))
  }

  @Test func `an addition of values that are used more than once`() throws {
    var builder = try GraphBuilder(inputShape: [4])
    let a = try builder.add("a", .dense(outputs: 3, hasBias: true), to: builder.input)
    let b = try builder.add("b", .dense(outputs: 3, hasBias: true), to: a)
    let c = try builder.add("c", .activation(.tanh), to: a)
    let sum = try builder.add("sum", .add, to: [a, b, c, a])
    let last = try builder.add("last", .add, to: [sum, b])
    try expectGradients(builder.graph(output: last))
  }

  @Test func `dropout with a given mask`() throws {
    let graph = try row(
      [6],
      [
        .dense(outputs: 10, hasBias: true), .dropout(rate: 0.4), .activation(.tanh),
        .dense(outputs: 3, hasBias: true),
      ])
    try expectGradients(graph, dropoutSeed: 5)
    try expectGradients(graph)
  }

  @Test func `the gradient stops at the final softmax`() throws {
    let graph = try row([4], [.dense(outputs: 3, hasBias: true), .softmax])
    #expect(graph.logits == 1)
    try expectGradients(graph)
  }
}
