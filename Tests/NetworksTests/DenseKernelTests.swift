import CTransformer
import Foundation
import Testing

/// The kernels of dense layers in Float32 beside the definition in Float64.
@Suite(.enabled(if: cdense_is_available() != 0)) struct DenseKernelTests {
  struct Sizes: Sendable, CustomTestStringConvertible {
    var rows: Int
    var inputs: Int
    var outputs: Int

    var testDescription: String { "\(rows) rows, \(inputs) × \(outputs)" }
  }

  struct Layer {
    var sizes: Sizes
    var function = cdense_identity
    var source: [Float]
    var weights: [Float]
    var bias: [Float]?
    var residual: [Float]?

    init(_ sizes: Sizes) {
      self.sizes = sizes
      source = randomValues(sizes.rows * (sizes.inputs + 3), seed: 1)
      weights = randomValues(sizes.inputs * sizes.outputs, seed: 2)
    }

    /// Rows lie further apart than they are wide; what is not written stays 77. Columns are computed
    /// `step` at a time.
    func computed(step: Int? = nil) -> [Float] {
      let stride = sizes.outputs + 5
      var shape = cdense_shape(
        inputs: sizes.inputs, outputs: sizes.outputs, source_stride: sizes.inputs + 3,
        target_stride: stride, source_block: 16, target_block: 16, sum: 1024, function: function)
      var packed = [Float](
        repeating: .nan, count: cdense_packed_count(sizes.inputs, sizes.outputs))
      cdense_pack(sizes.inputs, sizes.outputs, weights, &packed)
      var scratch = [Float](repeating: .nan, count: cdense_scratch_count())
      var target = [Float](repeating: 77, count: sizes.rows * stride)
      let step = step ?? sizes.outputs
      for first in Swift.stride(from: 0, to: sizes.outputs, by: step) {
        cdense_rows(
          &shape, sizes.rows, first, min(first + step, sizes.outputs), source, packed, bias,
          residual, &target, &scratch)
      }
      return target
    }

    func expected(_ row: Int, _ column: Int) -> Double {
      var sum = Double(bias?[column] ?? 0)
      for k in 0..<sizes.inputs {
        sum +=
          Double(source[row * (sizes.inputs + 3) + k])
          * Double(weights[k * sizes.outputs + column])
      }
      return DenseKernelTests.value(of: function, at: sum)
        + Double(residual?[row * (sizes.outputs + 5) + column] ?? 0)
    }
  }

  private static func value(of function: cdense_function, at x: Double) -> Double {
    switch function {
    case cdense_relu: max(x, 0)
    case cdense_relu6: min(max(x, 0), 6)
    case cdense_gelu: x * erfc(-x / 2.0.squareRoot()) / 2
    case cdense_gelu_sigmoid: x / (1 + exp(-1.702 * x))
    case cdense_silu: x / (1 + exp(-x))
    default: x
    }
  }

  @Test(
    arguments: [
      Sizes(rows: 1, inputs: 1, outputs: 1), Sizes(rows: 7, inputs: 5, outputs: 3),
      Sizes(rows: 8, inputs: 16, outputs: 48), Sizes(rows: 9, inputs: 33, outputs: 65),
      Sizes(rows: 50, inputs: 64, outputs: 193), Sizes(rows: 3, inputs: 1025, outputs: 400),
      Sizes(rows: 530, inputs: 2100, outputs: 20),
      // More results than the caches are to keep.
      Sizes(rows: 1_400, inputs: 9, outputs: 400),
    ], [false, true])
  func `rows of any number and width are products, biases and residuals added`(
    _ sizes: Sizes, _ adds: Bool
  ) {
    var layer = Layer(sizes)
    if adds {
      layer.bias = randomValues(sizes.outputs, seed: 3)
      layer.residual = randomValues(sizes.rows * (sizes.outputs + 5), seed: 4)
    }
    let result = layer.computed()
    let stride = sizes.outputs + 5
    // Every row of a small layer, some of a large one, the last included.
    let rows = Array(Swift.stride(from: 0, to: sizes.rows, by: max(sizes.rows / 40, 1)))
    for row in rows + [sizes.rows - 1] {
      for column in 0..<sizes.outputs {
        let difference = Double(result[row * stride + column]) - layer.expected(row, column)
        #expect(abs(difference) < 1e-5 * Double(sizes.inputs).squareRoot(), "\(row), \(column)")
      }
      for column in sizes.outputs..<stride { #expect(result[row * stride + column] == 77) }
    }
  }

  @Test(
    arguments: [cdense_relu, cdense_relu6, cdense_gelu, cdense_gelu_sigmoid, cdense_silu].map(
      \.rawValue))
  func `functions are exact to some units of the last place of their argument`(_ number: UInt32) {
    // One input of 1, so that the weights are the arguments.
    let arguments = (-8_000...8_000).map { Float($0) / 1_000 } + [40, -40, 3e38, -3e38]
    var layer = Layer(Sizes(rows: 1, inputs: 1, outputs: arguments.count))
    layer.function = cdense_function(rawValue: number)
    layer.source[0] = 1
    layer.weights = arguments
    let result = layer.computed()
    for (x, found) in zip(arguments, result) {
      let expected = Self.value(of: layer.function, at: Double(x))
      #expect(abs(Double(found) - expected) <= 1.5e-7 * Double(abs(x)), "\(x)")
    }
  }

  @Test(
    arguments: [cdense_relu, cdense_relu6, cdense_gelu, cdense_gelu_sigmoid, cdense_silu].map(
      \.rawValue))
  func `what is no number among the inputs is none in its row`(_ number: UInt32) {
    var layer = Layer(Sizes(rows: 10, inputs: 7, outputs: 20))
    layer.function = cdense_function(rawValue: number)
    layer.source[3 * 10 + 2] = .nan
    let result = layer.computed()
    for row in 0..<10 {
      #expect(result[row * 25..<row * 25 + 20].allSatisfy { $0.isNaN == (row == 3) })
    }
  }

  @Test func `columns computed apart, and rows among others, are the same bits`() {
    let block = cdense_column_block()
    var layer = Layer(Sizes(rows: 21, inputs: 1500, outputs: 2 * block + 100))
    layer.bias = randomValues(layer.sizes.outputs, seed: 3)
    let whole = layer.computed()
    #expect(layer.computed(step: block) == whole)
    let stride = layer.sizes.outputs + 5
    for row in [0, 8, 20] {
      var alone = layer
      alone.sizes.rows = 1
      alone.source = Array(layer.source[row * 1503..<(row + 1) * 1503])
      #expect(
        alone.computed()[..<layer.sizes.outputs] == whole[row * stride..<(row + 1) * stride - 5])
    }
  }

  @Test(arguments: [cdense_silu, cdense_relu_of_sum].map(\.rawValue))
  func `channels in blocks give what rows give, and short sums nearly so`(_ number: UInt32) {
    let (rows, inputs, outputs) = (13, 288, 224)
    // Number (row, channel), by rows or by blocks of 16 channels.
    func place(_ row: Int, _ channel: Int, _ width: Int, inBlocks: Bool) -> Int {
      inBlocks ? channel / 16 * rows * 16 + row * 16 + channel % 16 : row * width + channel
    }
    func arranged(_ values: [Float], _ width: Int, inBlocks: Bool) -> [Float] {
      var result = values
      for row in 0..<rows {
        for channel in 0..<width {
          result[place(row, channel, width, inBlocks: inBlocks)] = values[row * width + channel]
        }
      }
      return result
    }
    let source = randomValues(rows * inputs, seed: 1)
    let residual = randomValues(rows * outputs, seed: 2)
    let weights = randomValues(inputs * outputs, seed: 3)
    let bias = randomValues(outputs, seed: 4)
    var packed = [Float](repeating: .nan, count: cdense_packed_count(inputs, outputs))
    cdense_pack(inputs, outputs, weights, &packed)
    func computed(inBlocks: Bool, sum: Int) -> [Float] {
      let block = inBlocks ? rows * 16 : 16
      var shape = cdense_shape(
        inputs: inputs, outputs: outputs, source_stride: inBlocks ? 16 : inputs,
        target_stride: inBlocks ? 16 : outputs, source_block: block, target_block: block, sum: sum,
        function: cdense_function(rawValue: number))
      var scratch = [Float](repeating: .nan, count: cdense_scratch_count())
      var target = [Float](repeating: .nan, count: rows * outputs)
      cdense_rows(
        &shape, rows, 0, outputs, arranged(source, inputs, inBlocks: inBlocks), packed, bias,
        arranged(residual, outputs, inBlocks: inBlocks), &target, &scratch)
      return target
    }
    let expected = computed(inBlocks: false, sum: 1024)
    let whole = computed(inBlocks: true, sum: 1024)
    #expect(whole == arranged(expected, outputs, inBlocks: true))
    let short = computed(inBlocks: true, sum: 64)
    #expect(short == arranged(computed(inBlocks: false, sum: 64), outputs, inBlocks: true))
    #expect(zip(whole, short).allSatisfy { abs($0 - $1) < 1e-4 })
    for (row, column) in [(0, 0), (5, 100), (12, 223)] {
      var sum = Double(bias[column])
      for k in 0..<inputs {
        sum += Double(source[row * inputs + k]) * Double(weights[k * outputs + column])
      }
      let added = Double(residual[row * outputs + column])
      let function = cdense_function(rawValue: number)
      let wanted =
        function == cdense_silu ? Self.value(of: function, at: sum) + added : max(sum + added, 0)
      #expect(abs(Double(expected[row * outputs + column]) - wanted) < 1e-4)
    }
  }

  @Test func `a residual may be where the results go`() {
    var layer = Layer(Sizes(rows: 530, inputs: 1030, outputs: 50))
    layer.residual = randomValues(530 * 55, seed: 4)
    let apart = layer.computed()
    var shape = cdense_shape(
      inputs: 1030, outputs: 50, source_stride: 1033, target_stride: 55, source_block: 16,
      target_block: 16, sum: 1024, function: cdense_identity)
    var packed = [Float](repeating: 0, count: cdense_packed_count(1030, 50))
    cdense_pack(1030, 50, layer.weights, &packed)
    var scratch = [Float](repeating: 0, count: cdense_scratch_count())
    var target = layer.residual ?? []
    target.withUnsafeMutableBufferPointer { target in
      cdense_rows(
        &shape, 530, 0, 50, layer.source, packed, nil, target.baseAddress, target.baseAddress,
        &scratch)
    }
    for row in 0..<530 {
      #expect(target[row * 55..<row * 55 + 50] == apart[row * 55..<row * 55 + 50])
    }
  }
}
