import CTransformer
import Foundation
import Testing

/// The kernels of attention in Float32 beside the definition in Float64.
@Suite(.enabled(if: cattention_is_available() != 0)) struct AttentionKernelTests {
  /// For the vectors of this processor, and for AVX2 whatever it has besides.
  enum Kernel: CaseIterable {
    case chosen, avx2
  }

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

  /// The result, with what was not written left at 77.
  private func attend(
    _ kernel: Kernel, _ shape: cattention_shape, _ queries: [Float], _ keys: [Float],
    _ values: [Float]
  ) -> [Float] {
    var shape = shape
    var result = [Float](repeating: 77, count: shape.rows * shape.result_stride)
    var scratch = [Float](repeating: .nan, count: cattention_scratch_count(&shape))
    switch kernel {
    case .chosen: cattention_head(&shape, queries, keys, values, &result, &scratch)
    case .avx2: cattention_head_avx2(&shape, queries, keys, values, &result, &scratch)
    }
    return result
  }

  /// A head of 16 values, rows side by side.
  private func shape(rows: Int, keys: Int, width: Int, scale: Float) -> cattention_shape {
    cattention_shape(
      rows: rows, keys: keys, width: width, value_width: 16, query_stride: width,
      key_stride: width, value_stride: 16, result_stride: 16, scale: scale)
  }

  @Test(
    arguments: [
      Sizes(rows: 1, keys: 1, width: 1, valueWidth: 1),
      Sizes(rows: 5, keys: 7, width: 3, valueWidth: 2),
      Sizes(rows: 8, keys: 16, width: 16, valueWidth: 48),
      Sizes(rows: 13, keys: 49, width: 24, valueWidth: 33, scale: -0.3),
      Sizes(rows: 50, keys: 50, width: 64, valueWidth: 64),
      Sizes(rows: 9, keys: 81, width: 17, valueWidth: 80),
      Sizes(rows: 6, keys: 20, width: 8, valueWidth: 16, scale: 0),
      Sizes(rows: 197, keys: 197, width: 64, valueWidth: 64),
      Sizes(rows: 3, keys: 577, width: 32, valueWidth: 16, scale: 40),
    ], Kernel.allCases)
  func `rows of any number and width are the softmax's means of the values`(
    _ sizes: Sizes, _ kernel: Kernel
  ) {
    // Rows lie further apart than they are wide, as those of one head among several do.
    let shape = cattention_shape(
      rows: sizes.rows, keys: sizes.keys, width: sizes.width, value_width: sizes.valueWidth,
      query_stride: 3 * sizes.width + 1, key_stride: sizes.width + 5,
      value_stride: sizes.valueWidth + 2, result_stride: sizes.valueWidth + 7, scale: sizes.scale)
    let queries = randomValues(shape.rows * shape.query_stride, seed: 1)
    let keys = randomValues(shape.keys * shape.key_stride, seed: 2)
    let values = randomValues(shape.keys * shape.value_stride, seed: 3)
    let result = attend(kernel, shape, queries, keys, values)
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
        #expect(result[row * shape.result_stride + column] == 77)
      }
    }
  }

  @Test(arguments: Kernel.allCases)
  func `scores of any size give numbers`(_ kernel: Kernel) {
    // The scale is no power of two: a score less the largest is then rounded, and may not exceed 0.
    let shape = shape(rows: 40, keys: 20, width: 24, scale: 1 / Float(24).squareRoot())
    let values = randomValues(20 * 16, seed: 6)
    for size: Float in [1e3, 5e4, 1e6, 1e12] {
      let queries = randomValues(40 * 24, seed: 4, scale: size)
      let keys = randomValues(20 * 24, seed: 5, scale: size)
      let result = attend(kernel, shape, queries, keys, values)
      // Means of the values, which mostly are one of them.
      let most = values.map(abs).max() ?? 0
      #expect(result.allSatisfy { abs($0) <= most * 1.00001 }, "\(size)")
    }
  }

  @Test(arguments: Kernel.allCases, [16, 20])
  func `what is no number among the inputs is none in the rows it reaches`(
    _ kernel: Kernel, _ keys: Int
  ) {
    let shape = shape(rows: 10, keys: keys, width: 16, scale: 1)
    var queries = randomValues(160, seed: 1)
    queries[3 * 16 + 5] = .nan
    // All scores of this row are −∞.
    for place in 7 * 16..<8 * 16 { queries[place] = 1e20 }
    let others = randomValues(keys * 16, seed: 2).map { -abs($0) }
    let large = others.map { $0 * 1e20 }
    for (row, keys) in [(3, others), (7, large)] {
      let result = attend(kernel, shape, queries, keys, others)
      let undefined = (0..<10).filter { row in
        result[row * 16..<row * 16 + 16].contains { $0.isNaN }
      }
      #expect(undefined.contains(row))
      if keys == others { #expect(undefined == [3]) }
    }
  }
}
