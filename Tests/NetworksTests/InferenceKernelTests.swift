import CTransformer
import Checkpoints
import Networks
import Testing

/// What the executor's own arrangements, fusions and algorithms must not change.
@Suite struct InferenceKernelTests {
  /// The logits that the unfused graph gives, channels-last in Float32.
  private func reference(_ network: Network, _ inputs: [Float], count: Int) throws -> [Float] {
    let training = try TrainingExecutor(network, capacity: count)
    return try inputs.withUnsafeBufferPointer {
      Array(try training.forward($0, count: count, mode: .evaluate))
    }
  }

  private func inputs(_ graph: Graph, _ count: Int) -> [Float] {
    randomValues(count * graph.inputShape.reduce(1, *), seed: 21)
  }

  /// Residual blocks of so many channels as ResNet has them: the first convolution sees three channels,
  /// one shortcut is a convolution, one is a value that is read twice.
  private func residualNetwork(width: Int = 64) throws -> Graph {
    var builder = try GraphBuilder(inputShape: [20, 20, 3])
    func convolve(_ name: String, _ value: Int, _ filters: Int, _ kernel: Int, _ stride: Int) throws
      -> Int
    {
      let window = Window(Extent(kernel), strides: Extent(stride), padding: .same)
      let convolution = Convolution(window, filters: filters, hasBias: false)
      let value = try builder.add(name, .convolution(convolution), to: value)
      return try builder.add(
        name + "_bn", .batchNormalization(BatchNormalization(epsilon: 1e-5)), to: value)
    }
    func rectify(_ name: String, _ value: Int) throws -> Int {
      try builder.add(name, .activation(.relu), to: value)
    }
    var value = try rectify("stem_relu", convolve("stem", builder.input, 64, 7, 2))
    for block in 0..<2 {
      var path = try rectify("a\(block)_relu", convolve("a\(block)", value, width, 1, 1))
      path = try rectify("b\(block)_relu", convolve("b\(block)", path, width, 3, 1))
      path = try convolve("c\(block)", path, 96, 1, 1)
      let shortcut = block == 0 ? try convolve("d", value, 96, 1, 1) : value
      path = try builder.add("add\(block)", .add, to: [path, shortcut])
      value = try rectify("out\(block)", path)
    }
    value = try builder.add("pool", .globalAveragePooling(keepsAxes: false), to: value)
    value = try builder.add("head", .dense(outputs: 5, hasBias: true), to: value)
    return builder.graph(output: value)
  }

  /// Two blocks of a vision transformer.
  private func transformer() throws -> Graph {
    var builder = try GraphBuilder(inputShape: [24, 24, 3])
    var value = try builder.add(
      "patches",
      .convolution(Convolution(Window(Extent(8), strides: Extent(8)), filters: 32)),
      to: builder.input)
    value = try builder.add("tokens", .reshape([9, 32]), to: value)
    value = try builder.add("class", .prependParameter(.other("class"), count: 1), to: value)
    for block in 0..<2 {
      let normalization = LayerNormalization(epsilon: 1e-6)
      var path = try builder.add("n\(block)", .layerNormalization(normalization), to: value)
      path = try builder.add("qkv\(block)", .dense(outputs: 96, hasBias: true), to: path)
      path = try builder.add("mix\(block)", .attention(Attention(heads: 4)), to: path)
      path = try builder.add("out\(block)", .dense(outputs: 32, hasBias: true), to: path)
      value = try builder.add("sum\(block)", .add, to: [value, path])
      path = try builder.add("m\(block)", .layerNormalization(normalization), to: value)
      path = try builder.add("up\(block)", .dense(outputs: 128, hasBias: true), to: path)
      path = try builder.add("gelu\(block)", .activation(.gelu), to: path)
      path = try builder.add("down\(block)", .dense(outputs: 32, hasBias: true), to: path)
      value = try builder.add("total\(block)", .add, to: [value, path])
    }
    value = try builder.add("first", .slice(starts: [0, 0], counts: [1, 32]), to: value)
    value = try builder.add("features", .reshape([32]), to: value)
    value = try builder.add("head", .dense(outputs: 5, hasBias: true), to: value)
    return builder.graph(output: value)
  }

  // 272 channels are more than one sum's when exact.
  @Test(arguments: [64, 272])
  func `a residual network gives the unfused graph's logits, also by Winograd's algorithm`(
    width: Int
  ) throws {
    let network = randomNetwork(try residualNetwork(width: width), seed: 7)
    let inputs = inputs(network.graph, 5)
    let expected = try reference(network, inputs, count: 5)
    let exact = try InferenceExecutor(network, isExact: true).run(inputs)[0]
    #expect(relativeDifference(exact, expected) < 1e-5)
    let fast = try InferenceExecutor(network).run(inputs)[0]
    #expect(relativeDifference(fast, expected) < 2e-4)
  }

  @Test func `recording every value changes none of them`() throws {
    for graph in [try residualNetwork(), try transformer()] {
      let network = randomNetwork(graph, seed: 7)
      let inputs = inputs(graph, 3)
      let taps = graph.nodes.indices.map(graph.tap(at:))
      let together = try InferenceExecutor(network, taps: taps, isExact: true).run(inputs)
      for (tap, values) in zip(taps, together) {
        let alone = try InferenceExecutor(network, taps: [tap], isExact: true).run(inputs)[0]
        #expect(relativeDifference(alone, values) < 1e-5, "\(tap.name)")
      }
    }
  }

  @Test(arguments: [Precision.float32, .bfloat16])
  func `the number of threads changes no bit`(precision: Precision) throws {
    guard precision.isSupported else { return }
    for graph in [try residualNetwork(), try transformer()] {
      let network = randomNetwork(graph, seed: 8)
      let inputs = inputs(graph, 7)
      let alone = try InferenceExecutor(network, precision: precision).run(inputs)
      for threads in [2, 3] {
        let executor = try InferenceExecutor(network, threads: threads, precision: precision)
        #expect(try executor.run(inputs) == alone, "\(threads) threads")
      }
    }
  }

  /// Half of a network's weights lie between images and the first dense layer, as in VGG.
  private func headedNetwork() throws -> Graph {
    var builder = try GraphBuilder(inputShape: [24, 24, 3])
    let convolution = Operation.convolution(Convolution(Window(Extent(3)), filters: 32))
    var value = try builder.add("convolution", convolution, to: builder.input)
    value = try builder.add("flat", .reshape([22 * 22 * 32]), to: value)
    value = try builder.add("wide", .dense(outputs: 60, hasBias: true), to: value)
    value = try builder.add("rectified", .activation(.relu), to: value)
    value = try builder.add("logits", .dense(outputs: 10, hasBias: true), to: value)
    return builder.graph(output: value)
  }

  @Test(.enabled(if: cdense_is_available() != 0))
  func `neither batches nor threads change a bit of what is exact`() throws {
    let graphs = [
      try residualNetwork(), try residualNetwork(width: 272), try transformer(),
      try headedNetwork(),
    ]
    for graph in graphs {
      let network = randomNetwork(graph, seed: 12)
      let inputs = inputs(graph, 37)
      let alone = try InferenceExecutor(network, batchSize: 1, isExact: true).run(inputs)
      for (batch, threads) in [(37, 1), (16, 1), (37, 2), (16, 3), (1, 2)] {
        let executor = try InferenceExecutor(
          network, batchSize: batch, threads: threads, isExact: true)
        #expect(try executor.run(inputs) == alone, "batches of \(batch), \(threads) threads")
      }
    }
  }

  @Test func `new parameters count on every thread`() throws {
    let graph = try residualNetwork()
    let (first, second) = (randomNetwork(graph, seed: 13), randomNetwork(graph, seed: 14))
    let inputs = inputs(graph, 40)
    let executor = try InferenceExecutor(first, threads: 3)
    _ = try executor.run(inputs)
    try executor.load(second.parameters)
    #expect(try executor.run(inputs) == InferenceExecutor(second, threads: 3).run(inputs))
  }

  @Test(.enabled(if: Precision.bfloat16.isSupported), arguments: [0.1, 0.01, 1e-3, 1e-4, 0])
  func `bfloat16 begins where its error stays within what is allowed`(bound: Double) throws {
    for graph in [try residualNetwork(), try transformer()] {
      let network = randomNetwork(graph, seed: 15)
      let examples = inputs(graph, 4)
      let tap = try graph.penultimate
      let mixed = try MixedPrecision(network, taps: [tap], examples: examples, within: bound)
      #expect(mixed.error <= bound)
      #expect((mixed.first == 0) == (mixed.wholeError <= bound))
      #expect((mixed.error == 0) == (mixed.first == graph.nodes.count))
      let expected = try InferenceExecutor(network, taps: [tap]).run(examples)[0]
      let found = try InferenceExecutor(
        network, taps: [tap], precision: .bfloat16, bfloat16From: mixed.first
      ).run(examples)[0]
      var errors: [Double] = []
      for (value, other) in zip(expected, found) where value != 0 {
        errors.append(abs(Double(other) - Double(value)) / abs(Double(value)))
      }
      #expect(errors.sorted()[errors.count / 2] == mixed.error)
    }
  }

  @Test func `bfloat16 differs by parts in a thousand, or is refused`() throws {
    for graph in [try residualNetwork(), try transformer()] {
      let network = Network(graph, seed: 9)
      let inputs = inputs(graph, 6)
      let tap = try graph.penultimate
      guard Precision.bfloat16.isSupported else {
        #expect(throws: NetworkError.self) {
          try InferenceExecutor(network, precision: .bfloat16)
        }
        return
      }
      let expected = try InferenceExecutor(network, taps: [tap], isExact: true).run(inputs)[0]
      let rounded = try InferenceExecutor(network, taps: [tap], precision: .bfloat16).run(inputs)[0]
      let differences = zip(expected, rounded).filter { abs($0.0) > 1e-6 }
        .map { abs($0.0 - $0.1) / abs($0.0) }.sorted()
      let median = differences[differences.count / 2]
      #expect(median > 0)
      #expect(median < 0.02)
    }
  }

  @Test func `a first layer that stays in Float32 is pooled in bfloat16's network`() throws {
    guard Precision.bfloat16.isSupported else { return }
    var builder = try GraphBuilder(inputShape: [32, 32, 3])
    func convolve(_ name: String, _ value: Int, _ kernel: Int, _ stride: Int) throws -> Int {
      let window = Window(Extent(kernel), strides: Extent(stride), padding: .same)
      let value = try builder.add(
        name, .convolution(Convolution(window, filters: 64)), to: value)
      return try builder.add(name + "_relu", .activation(.relu), to: value)
    }
    var value = try convolve("stem", builder.input, 7, 2)
    value = try builder.add(
      "pool", .maximumPooling(Window(Extent(3), strides: Extent(2), padding: .same)), to: value)
    value = try convolve("a", value, 3, 1)
    value = try builder.add("mean", .globalAveragePooling(keepsAxes: false), to: value)
    let graph = builder.graph(output: value)
    let network = Network(graph, seed: 9)
    let inputs = inputs(graph, 5)
    let expected = try InferenceExecutor(network, isExact: true).run(inputs)[0]
    let rounded = try InferenceExecutor(network, precision: .bfloat16).run(inputs)[0]
    let largest = expected.map(abs).max() ?? 0
    for (a, b) in zip(expected, rounded) { #expect(abs(a - b) < 0.02 * largest) }
  }

  @Test func `a value that is added to what is computed from it stays whole`() throws {
    // x + conv(x) may not be written over x while it is read.
    var builder = try GraphBuilder(inputShape: [6, 6, 16])
    let window = Window(Extent(3), padding: .same)
    var value = try builder.add(
      "a", .convolution(Convolution(window, filters: 16)), to: builder.input)
    for name in ["b", "c"] {
      let path = try builder.add(name, .convolution(Convolution(window, filters: 16)), to: value)
      value = try builder.add("sum \(name)", .add, to: [value, path])
    }
    let network = randomNetwork(builder.graph(output: value), seed: 4)
    let inputs = inputs(network.graph, 3)
    let result = try InferenceExecutor(network).run(inputs)[0]
    #expect(relativeDifference(result, try reference(network, inputs, count: 3)) < 1e-5)
  }

  @Test func `a border before a convolution is its padding`() throws {
    let graph = try row(
      [8, 7, 5],
      [
        .convolution(Convolution(Window(Extent(1)), filters: 20)),
        .zeroPadding(top: 0, bottom: 1, left: 2, right: 3),
        .convolution(Convolution(Window(Extent(3), strides: Extent(2)), filters: 24)),
        .activation(.relu6),
      ])
    let network = randomNetwork(graph, seed: 4)
    let inputs = inputs(graph, 3)
    let result = try InferenceExecutor(network).run(inputs)[0]
    #expect(relativeDifference(result, try reference(network, inputs, count: 3)) < 1e-5)
    // Recorded, it is there.
    let taps = graph.nodes.indices.map(graph.tap(at:))
    let all = try InferenceExecutor(network, taps: taps).run(inputs)
    #expect(relativeDifference(all[taps.count - 1], result) < 1e-5)
    #expect(all[2].prefix(2 * 20).allSatisfy { $0 == 0 })
  }

  @Test func `channels put together are those of the parts, whatever their number`() throws {
    var builder = try GraphBuilder(inputShape: [5, 5, 3])
    let window = Window(Extent(3), padding: .same)
    var parts: [Int] = []
    for filters in [16, 7, 32] {
      parts.append(
        try builder.add(
          "part\(filters)", .convolution(Convolution(window, filters: filters)), to: builder.input))
    }
    let joined = try builder.add("joined", .concatenate(axis: 2), to: parts)
    let graph = builder.graph(output: joined)
    let network = randomNetwork(graph, seed: 4)
    let taps = (parts + [joined]).map(graph.tap(at:))
    let inputs = inputs(graph, 2)
    let alone = try InferenceExecutor(network).run(inputs)[0]
    let values = try InferenceExecutor(network, taps: taps).run(inputs)
    #expect(alone == values[3])
    for position in 0..<2 * 25 {
      let expected = [16, 7, 32].enumerated().flatMap { index, width in
        values[index][position * width..<(position + 1) * width]
      }
      #expect(Array(values[3][position * 55..<(position + 1) * 55]) == expected)
    }
  }

  @Test func `attention is the softmax of products, head by head`() throws {
    let (rows, width, heads) = (5, 8, 2)
    let graph = try row([rows, 3 * width], [.attention(Attention(heads: heads))])
    let network = Network(graph, parameters: [])
    let inputs = inputs(graph, 3)
    let result = try InferenceExecutor(network, threads: 2).run(inputs)[0]
    var expected: [Float] = []
    for example in 0..<3 {
      func number(_ row: Int, _ column: Int) -> Double {
        Double(inputs[(example * rows + row) * 3 * width + column])
      }
      for row in 0..<rows {
        for column in 0..<width {
          let first = column / (width / heads) * (width / heads)
          let weights = (0..<rows).map { other in
            exponential(
              (0..<width / heads).reduce(0) {
                $0 + number(row, first + $1) * number(other, width + first + $1)
              } / Double(width / heads).squareRoot())
          }
          let total = weights.reduce(0, +)
          expected.append(
            Float(
              (0..<rows).reduce(0) { $0 + weights[$1] * number($1, 2 * width + column) } / total))
        }
      }
    }
    #expect(relativeDifference(result, expected) < 1e-5)
  }

  /// eˣ by its series, for the small numbers here.
  private func exponential(_ x: Double) -> Double {
    var (term, sum) = (1.0, 1.0)
    for n in 1..<60 {
      term *= x / Double(n)
      sum += term
    }
    return sum
  }
}
