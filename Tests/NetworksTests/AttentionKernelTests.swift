import CAttention
import Foundation
import Testing

/// The kernels of attention in Float32 beside the definition in Float64.
@Suite(.enabled(if: cattention_is_available() != 0)) struct AttentionKernelTests {
  struct Sizes: Sendable, CustomTestStringConvertible {
    var rows: Int
    var keys: Int
    var width: Int
    var valueWidth: Int
    var scale: Float = 0.125

    var testDescription: String {
      "\(rows) rows, \(keys) keys, widths \(width) and \(valueWidth), scale \(scale)"
    }
  }

  @Test(arguments: [
    Sizes(rows: 1, keys: 1, width: 1, valueWidth: 1),
    Sizes(rows: 5, keys: 7, width: 3, valueWidth: 2),
    Sizes(rows: 8, keys: 16, width: 16, valueWidth: 48),
    Sizes(rows: 13, keys: 49, width: 24, valueWidth: 33, scale: -0.3),
    Sizes(rows: 50, keys: 50, width: 64, valueWidth: 64),
    Sizes(rows: 9, keys: 81, width: 17, valueWidth: 80),
    Sizes(rows: 197, keys: 197, width: 64, valueWidth: 64),
    Sizes(rows: 3, keys: 577, width: 32, valueWidth: 16, scale: 40),
  ])
  func `rows of any number and width are the softmax's means of the values`(_ sizes: Sizes) {
    // Rows lie further apart than they are wide, as those of one head among several do.
    var shape = cattention_shape(
      rows: sizes.rows, keys: sizes.keys, width: sizes.width, value_width: sizes.valueWidth,
      query_stride: 3 * sizes.width + 1, key_stride: sizes.width + 5,
      value_stride: sizes.valueWidth + 2, result_stride: sizes.valueWidth + 7, scale: sizes.scale)
    let queries = randomValues(shape.rows * shape.query_stride, seed: 1)
    let keys = randomValues(shape.keys * shape.key_stride, seed: 2)
    let values = randomValues(shape.keys * shape.value_stride, seed: 3)
    let untouched: Float = 77
    var result = [Float](repeating: untouched, count: shape.rows * shape.result_stride)
    let count = cattention_scratch_count(&shape)
    withUnsafeTemporaryAllocation(byteCount: 4 * count, alignment: 64) { scratch in
      cattention_head(
        &shape, queries, keys, values, &result,
        scratch.assumingMemoryBound(to: Float.self).baseAddress)
    }
    for row in 0..<shape.rows {
      let scores = (0..<shape.keys).map { key in
        Double(shape.scale)
          * (0..<shape.width).reduce(0.0) {
            $0 + Double(queries[row * shape.query_stride + $1])
              * Double(keys[key * shape.key_stride + $1])
          }
      }
      let largest = scores.max() ?? 0
      let weights = scores.map { exp($0 - largest) }
      let total = weights.reduce(0, +)
      for column in 0..<shape.value_width {
        let mean = weights.enumerated().reduce(0.0) {
          $0 + $1.element * Double(values[$1.offset * shape.value_stride + column])
        }
        let found = Double(result[row * shape.result_stride + column])
        #expect(abs(found - mean / total) < 4e-6, "row \(row), column \(column)")
      }
      for column in shape.value_width..<shape.result_stride {
        #expect(result[row * shape.result_stride + column] == untouched)
      }
    }
  }

  @Test func `what is no number among the inputs is none in the rows it reaches`() {
    var shape = cattention_shape(
      rows: 10, keys: 20, width: 16, value_width: 16, query_stride: 16, key_stride: 16,
      value_stride: 16, result_stride: 16, scale: 1)
    var queries = randomValues(160, seed: 1)
    queries[3 * 16 + 5] = .nan
    let others = randomValues(320, seed: 2)
    var result = [Float](repeating: 0, count: 160)
    withUnsafeTemporaryAllocation(
      byteCount: 4 * cattention_scratch_count(&shape), alignment: 64
    ) { scratch in
      cattention_head(
        &shape, queries, others, others, &result,
        scratch.assumingMemoryBound(to: Float.self).baseAddress)
    }
    for row in 0..<10 {
      #expect(result[row * 16..<row * 16 + 16].allSatisfy { $0.isNaN == (row == 3) }, "row \(row)")
    }
  }
}
