import Networks
import Testing

@Suite struct BatchDivisionTests {
  /// A convolution of 9 weights and as many biases as filters over images of `side` × `side`, and a dense
  /// layer behind it.
  private func division(side: Int, outputs: Int, threads: Int) throws -> BatchDivision {
    var builder = try GraphBuilder(inputShape: [side, side, 1])
    let window = Window(Extent(3), padding: .same)
    let convolution = Operation.convolution(Convolution(window, filters: 4, hasBias: false))
    var value = try builder.add("convolution", convolution, to: builder.input)
    value = try builder.add("flat", .reshape([side * side * 4]), to: value)
    value = try builder.add("dense", .dense(outputs: outputs, hasBias: false), to: value)
    let graph = builder.graph(output: value)
    return BatchDivision(graph, taps: [graph.outputTap], threads: threads)
  }

  @Test func `parts are larger the more weights there are for each value`() throws {
    // 36 + 400 outputs weights, 400 + outputs values.
    #expect(try division(side: 10, outputs: 1, threads: 1).preferred == 4)
    #expect(try division(side: 10, outputs: 10, threads: 1).preferred == 30)
    // 36 + 10,000 weights, 10,001 values.
    #expect(try division(side: 50, outputs: 1, threads: 1).preferred == 4)
  }

  @Test(arguments: [1, 2, 3, 7, 64])
  func `parts hold every example once, in order, and differ by one at most`(threads: Int) throws {
    for outputs in [1, 10, 200] {
      let division = try division(side: 10, outputs: outputs, threads: threads)
      for count in [1, 2, 3, 5, 16, 63, 64, 1000] {
        let parts = division.parts(of: count)
        #expect(parts.flatMap(Array.init) == Array(0..<count))
        let sizes = parts.map(\.count)
        #expect((sizes.max() ?? 0) - (sizes.min() ?? 0) <= 1)
        #expect(threads == 1 || parts.count == 1 || parts.count.isMultiple(of: threads))
      }
    }
  }

  @Test func `what records much of a network is not divided`() throws {
    var builder = try GraphBuilder(inputShape: [8, 8, 3])
    let convolution = Operation.convolution(Convolution(Window(Extent(1)), filters: 8))
    let value = try builder.add("convolution", convolution, to: builder.input)
    let mean = try builder.add("mean", .globalAveragePooling(keepsAxes: false), to: value)
    let graph = builder.graph(output: mean)
    let recorded = BatchDivision(graph, taps: [graph.tap(at: value)], threads: 2)
    #expect(recorded.parts(of: 16).count == 1)
    #expect(BatchDivision(graph, taps: [graph.outputTap], threads: 2).parts(of: 16).count > 1)
  }

  @Test func `all threads together compute what is too little, or uneven, for each of them`() throws
  {
    let division = try division(side: 10, outputs: 1, threads: 2)
    #expect(division.parts(of: 1).count == 1)
    #expect(division.parts(of: 3).count == 1)
    #expect(division.parts(of: 5).count == 1)
    #expect(division.parts(of: 8) == [0..<4, 4..<8])
    #expect(division.parts(of: 16).count == 4)
    // Weights are read once for all of 16 examples.
    #expect(try self.division(side: 10, outputs: 60, threads: 2).parts(of: 16).count == 1)
  }
}
