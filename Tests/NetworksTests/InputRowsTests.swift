import Checkpoints
import Networks
import Testing

@Suite struct InputRowsTests {
  static let windows = [
    Window(Extent(1)), Window(Extent(3), padding: .same), Window(Extent(3, 2), strides: Extent(2)),
    Window(Extent(3), strides: Extent(2), padding: .same),
    Window(Extent(2, 3), dilation: Extent(2), padding: .same),
    Window(Extent(5), padding: .same), Window(Extent(7), padding: .same),
    Window(Extent(2), padding: .explicit(top: 3, bottom: 0, left: 4, right: 3)),
  ]

  @Test(arguments: windows)
  func `rows times the kernel's matrix are the convolution`(window: Window) throws {
    let graph = try row([6, 5, 3], [.convolution(Convolution(window, filters: 4))])
    try expectRowsTimesKernel(graph)
  }

  @Test func `rows times the kernel are the dense layer`() throws {
    try expectRowsTimesKernel(row([7], [.dense(outputs: 4, hasBias: true)]))
    try expectRowsTimesKernel(row([2, 3, 5], [.dense(outputs: 4, hasBias: true)]))
  }

  private func expectRowsTimesKernel(_ graph: Graph) throws {
    let network = randomNetwork(graph, seed: 1)
    let layer = try #require(graph.weightLayers.first)
    let inputs = randomValues(3 * layer.inputTap.size, seed: 2)
    let rows = layer.inputRows(of: inputs)
    let count = 3 * layer.positions
    #expect(rows.count == count * layer.fanIn)
    let kernel = network.parameters[layer.kernelSlot].values
    let bias = network.parameters[try #require(layer.biasSlot)].values
    var products: [Float] = []
    for row in 0..<count {
      for output in 0..<layer.outputs {
        var sum = Double(bias[output])
        for input in 0..<layer.fanIn {
          sum +=
            Double(rows[row * layer.fanIn + input]) * Double(kernel[input * layer.outputs + output])
        }
        products.append(Float(sum))
      }
    }
    let outputs = try InferenceExecutor(network, taps: [graph.tap(at: layer.node)]).run(inputs)
    #expect(relativeDifference(outputs[0], products) < 1e-5)

    // A range of examples gives the rows of those examples.
    let part = layer.positions * layer.fanIn
    var second = [Float](repeating: .nan, count: part)
    inputs.withUnsafeBufferPointer { inputs in
      second.withUnsafeMutableBufferPointer {
        layer.inputRows(of: inputs, examples: 1..<2, into: $0)
      }
    }
    #expect(second == Array(rows[part..<2 * part]))
  }
}
