import Checkpoints
import Networks
import Testing

/// Operations whose results can be worked out by hand.
@Suite struct ArrangementTests {
  private func run(
    _ shape: [Int], _ operation: Networks.Operation, _ parameters: [Tensor] = [], _ inputs: [Float]
  ) throws -> [Float] {
    var builder = try GraphBuilder(inputShape: shape)
    let node = try builder.add("x", operation, to: 0)
    return try InferenceExecutor(
      Network(builder.graph(output: node), parameters: parameters)
    ).run(inputs)[0]
  }

  @Test func `axes change places, go backwards, are cut and repeated`() throws {
    let matrix: [Float] = [1, 2, 3, 4, 5, 6]
    #expect(try run([2, 3], .permute([1, 0]), [], matrix) == [1, 4, 2, 5, 3, 6])
    #expect(try run([2, 3], .reverse(axis: 0), [], matrix) == [4, 5, 6, 1, 2, 3])
    #expect(try run([2, 3], .slice(starts: [1, 0], counts: [1, 2]), [], matrix) == [4, 5])
    #expect(
      try run([2, 3], .repetition([1, 2]), [], matrix) == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6])
    #expect(
      try run([1, 2], .padding(before: [1, 0], after: [0, 1]), [], [7, 8]) == [0, 0, 0, 7, 8, 0])
  }

  @Test func `examples of a batch do not mix`() throws {
    #expect(try run([1, 2], .reverse(axis: 1), [], [1, 2, 3, 4]) == [2, 1, 4, 3])
    #expect(try run([2], .affine(scale: [2], offset: [1, 0]), [], [1, 2, 3, 4]) == [3, 4, 7, 8])
  }

  @Test func `a window that rounds up reaches beyond the image but does not begin there`() throws {
    let image: [Float] = [1, 2, 3, 4, 5, 6]
    var window = Window(Extent(1, 3), strides: Extent(1, 2))
    #expect(try run([1, 6, 1], .maximumPooling(window), [], image) == [3, 5])
    window.roundsUp = true
    #expect(try run([1, 6, 1], .maximumPooling(window), [], image) == [3, 5, 6])
    // PyTorch: a last window that would begin in the padding is left out.
    let padded = Window(
      Extent(1, 1), strides: Extent(1, 3),
      padding: .explicit(top: 0, bottom: 0, left: 0, right: 1), roundsUp: true)
    #expect(try run([1, 6, 1], .maximumPooling(padded), [], image) == [1, 4])
  }

  @Test func `padding counts in an average when asked`() throws {
    let window = Window(
      Extent(1, 2), padding: .explicit(top: 0, bottom: 0, left: 1, right: 0))
    #expect(
      try run([1, 2, 1], .averagePooling(window, countsPadding: true), [], [4, 6]) == [2, 5])
    #expect(
      try run([1, 2, 1], .averagePooling(window, countsPadding: false), [], [4, 6]) == [4, 5])
  }

  @Test func `a transposed convolution spreads its kernel`() throws {
    let kernel = Tensor(shape: [3, 1, 1], values: [1, 10, 100])
    func spread(_ padding: GridWindow.Padding) throws -> [Float] {
      try run(
        [2, 1],
        .transposedConvolution(
          TransposedConvolution(
            GridWindow([3], strides: [2], padding: padding), filters: 1, hasBias: false)),
        [kernel], [1, 2])
    }
    // 1 10 100 and, two further, 2 20 200.
    #expect(try spread(.valid) == [1, 10, 102, 20, 200])
    #expect(try spread(.same) == [1, 10, 102, 20])
    #expect(try spread(.explicit(before: [1], after: [1])) == [10, 102, 20])
  }

  @Test func `a squeezed value multiplies every position`() throws {
    var builder = try GraphBuilder(inputShape: [1, 2, 2])
    let mean = try builder.add("mean", .globalAveragePooling(keepsAxes: true), to: 0)
    let product = try builder.add("product", .arithmetic(.multiplication), to: [0, mean])
    let network = Network(builder.graph(output: product), parameters: [])
    #expect(try InferenceExecutor(network).run([1, 2, 3, 4]) == [[2, 6, 6, 12]])
  }

  @Test func `several inputs lie side by side in an example`() throws {
    var builder = try GraphBuilder(inputs: [
      .init(name: "a", shape: [2]), .init(name: "b", shape: [1, 2]),
    ])
    let b = try builder.add("flat", .reshape([2]), to: builder.node(ofInput: 1))
    let difference = try builder.add(
      "difference", .arithmetic(.subtraction), to: [builder.node(ofInput: 0), b])
    let graph = builder.graph(outputs: [difference, b])
    #expect(graph.inputShape == [4])
    #expect(graph.inputs.map(\.name) == ["a", "b"])
    #expect(graph.outputs.count == 2)
    #expect(
      try InferenceExecutor(Network(graph, parameters: [])).run([5, 6, 1, 2, 0, 0, 3, 4])
        == [[4, 4, -3, -4]])
  }

  @Test func `a layer normalization makes mean 0 and variance 1`() throws {
    let operation = Networks.Operation.layerNormalization(
      LayerNormalization(epsilon: 0, hasScale: false, hasShift: false))
    #expect(try run([2, 2], operation, [], [1, 3, 10, 30]) == [-1, 1, -1, 1])
  }

  @Test func `an embedding refuses numbers that are no rows`() throws {
    let table = Tensor(shape: [2, 2], values: [1, 2, 3, 4])
    let operation = Networks.Operation.embedding(count: 2, width: 2)
    #expect(try run([2], operation, [table], [1, 0]) == [3, 4, 1, 2])
    for bad in [2, -1, 0.5, Float.nan] {
      #expect(throws: NetworkError.self) { try run([2], operation, [table], [0, bad]) }
    }
  }

  @Test func `the hard sigmoids of Keras 2 and of Keras 3 differ`() throws {
    #expect(try run([2], .activation(.kerasHardSigmoid), [], [1, 3]) == [0.7, 1])
    let other = try run([2], .activation(.hardSigmoid), [], [1.5, 3])
    #expect(abs(other[0] - 0.75) < 1e-6 && other[1] == 1)
  }
}
