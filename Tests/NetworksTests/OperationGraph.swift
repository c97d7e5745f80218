import Checkpoints
import Networks

/// The graphs of the operations in `Fixtures/operations.json`.
enum OperationGraph {
  static func named(_ name: String) throws -> Graph {
    if let activation = activations[name] {
      let factors: [String: Float] = [
        "relu6": 4, "hard_tanh": 2, "hard_sigmoid": 4, "hard_swish": 4,
      ]
      let before = factors[name].map { [Operation.affine(scale: [$0], offset: [0])] } ?? []
      return try row([40], before + [.activation(activation)])
    }
    if let (shape, operation) = single[name] { return try row(shape, [operation]) }
    if let (shapes, operation) = several[name] { return try joined(shapes, operation) }
    switch name {
    case "division":
      return try joined([[3, 4, 5], [1, 1, 5]], .arithmetic(.division)) { builder, inputs in
        inputs[1] = try builder.add(
          "sum", .affine(scale: [1], offset: [3]), to: inputs[1])
      }
    // Training leaves out a softmax at the very end.
    case "softmax": return try row([3, 7], [.softmax, .affine(scale: [1], offset: [0])])
    case "inverted_residual": return try invertedResidual()
    case "dense_twice":
      var builder = try GraphBuilder(inputShape: [4])
      let first = try builder.add("once", .dense(outputs: 4, hasBias: true), to: builder.input)
      let middle = try builder.add("tanh", .activation(.tanh), to: first)
      let second = try builder.add(
        "twice", .dense(outputs: 4, hasBias: true), to: middle, sharing: first)
      return builder.graph(output: second)
    default: throw NetworkError(reason: "there is no operation '\(name)'")
    }
  }

  private static func joined(
    _ shapes: [[Int]], _ operation: Operation,
    _ change: (inout GraphBuilder, inout [Int]) throws -> Void = { _, _ in }
  ) throws -> Graph {
    var builder = try GraphBuilder(
      inputs: shapes.enumerated().map { Graph.Input(name: "input\($0)", shape: $1) })
    var inputs = shapes.indices.map(builder.node(ofInput:))
    try change(&builder, &inputs)
    let result = try builder.add("result", operation, to: inputs)
    return builder.graph(output: result)
  }

  private static func invertedResidual() throws -> Graph {
    var builder = try GraphBuilder(inputShape: [5, 6, 3])
    var value = builder.input
    let pointwise = Window(Extent(1))
    let middle = Window(Extent(3), padding: .same)
    for (name, convolution) in [
      ("expansion", Convolution(pointwise, filters: 12, hasBias: false)),
      ("depthwise", Convolution(middle, filters: 1, isDepthwise: true, hasBias: false)),
      ("projection", Convolution(pointwise, filters: 3, hasBias: false)),
    ] {
      value = try builder.add(name, .convolution(convolution), to: value)
      value = try builder.add(
        "\(name)/norm", .batchNormalization(BatchNormalization(epsilon: 1e-5)), to: value)
      guard name != "projection" else { break }
      value = try builder.add("\(name)/scale", .affine(scale: [4], offset: [0]), to: value)
      value = try builder.add("\(name)/relu", .activation(.relu6), to: value)
    }
    value = try builder.add("sum", .add, to: [value, builder.input])
    return builder.graph(output: value)
  }

  private static let activations: [String: Activation] = [
    "relu": .relu, "relu6": .relu6, "leaky_relu": .leakyRelu(slope: 0.3),
    "rectifier": .rectifier(threshold: 0.2, slope: 0.1, limit: 0.7),
    "thresholded_relu": .thresholdedRelu(threshold: 0.3), "elu": .elu(alpha: 0.7), "selu": .selu,
    "celu": .celu(alpha: 0.6), "gelu": .gelu, "gelu_tanh": .geluTanh,
    "gelu_sigmoid": .geluSigmoid, "silu": .silu, "mish": .mish, "tanh": .tanh,
    "hard_tanh": .hardTanh, "sigmoid": .sigmoid, "hard_sigmoid": .hardSigmoid,
    "hard_swish": .hardSwish, "softplus": .softplus, "softsign": .softsign,
    "exponential": .exponential, "log_sigmoid": .logSigmoid,
    "hard_shrink": .hardShrink(threshold: 0.4), "soft_shrink": .softShrink(threshold: 0.4),
    "tanh_shrink": .tanhShrink,
  ]

  private static let around = Padding.explicit(top: 1, bottom: 1, left: 1, right: 1)
  private static let pooling = Window(Extent(3), strides: Extent(2), padding: around)

  private static let single: [String: ([Int], Operation)] = [
    "layer_normalization": ([3, 10], .layerNormalization(LayerNormalization(epsilon: 1e-5))),
    "layer_normalization_of_two_axes": (
      [3, 2, 5], .layerNormalization(LayerNormalization(axes: 2))
    ),
    "layer_normalization_without_parameters": (
      [12],
      .layerNormalization(LayerNormalization(epsilon: 1e-5, hasScale: false, hasShift: false))
    ),
    "group_normalization": (
      [3, 4, 6], .groupNormalization(GroupNormalization(groups: 3, epsilon: 1e-5))
    ),
    "maximum_pooling": ([7, 6, 3], .maximumPooling(pooling)),
    "maximum_pooling_rounding_up": (
      [8, 8, 3], .maximumPooling(Window(Extent(3), strides: Extent(2), roundsUp: true))
    ),
    "average_pooling_counting_padding": ([7, 6, 3], .averagePooling(pooling, countsPadding: true)),
    "average_pooling": ([7, 6, 3], .averagePooling(pooling, countsPadding: false)),
    "global_average_pooling": ([3, 4, 5], .globalAveragePooling(keepsAxes: false)),
    "global_maximum_pooling": ([3, 4, 5], .globalMaximumPooling(keepsAxes: false)),
    "maximum_volume_pooling": (
      [4, 5, 4, 2], .maximumVolumePooling(GridWindow([2, 2, 2], strides: [2, 1, 2]))
    ),
    "average_volume_pooling": (
      [4, 5, 4, 2],
      .averageVolumePooling(
        GridWindow(
          [2, 3, 2], strides: [1, 2, 2],
          padding: .explicit(before: [1, 1, 0], after: [1, 1, 0])))
    ),
    "strided_convolution": ([7, 6, 3], .convolution(Convolution(pooling, filters: 4))),
    "dilated_convolution": (
      [7, 6, 3],
      .convolution(
        Convolution(
          Window(
            Extent(3, 2), dilation: Extent(2),
            padding: .explicit(top: 2, bottom: 2, left: 0, right: 0)), filters: 4))
    ),
    "grouped_convolution": (
      [5, 6, 4],
      .convolution(Convolution(Window(Extent(3), padding: around), filters: 6, groups: 2))
    ),
    "depthwise_convolution": (
      [5, 6, 4], .convolution(Convolution(pooling, filters: 2, isDepthwise: true))
    ),
    "convolution_of_steps": (
      [9, 3],
      .convolution(
        Convolution(
          Window(
            Extent(3, 1), strides: Extent(2, 1),
            padding: .explicit(top: 1, bottom: 1, left: 0, right: 0)), filters: 4))
    ),
    "volume_convolution": (
      [4, 5, 4, 4],
      .volumeConvolution(
        VolumeConvolution(
          GridWindow(
            [2, 3, 2], strides: [1, 2, 1], dilation: [1, 1, 2],
            padding: .explicit(before: [1, 1, 0], after: [1, 1, 0])), filters: 6, groups: 2))
    ),
    "transposed_convolution": (
      [4, 5, 3],
      .transposedConvolution(
        TransposedConvolution(
          GridWindow(
            [3, 3], strides: [2, 2], padding: .explicit(before: [1, 1], after: [1, 1])),
          outputPadding: [1, 1], filters: 2))
    ),
    "transposed_convolution_with_gaps": (
      [4, 5, 3],
      .transposedConvolution(
        TransposedConvolution(
          GridWindow(
            [2, 3], strides: [1, 2], dilation: [2, 2],
            padding: .explicit(before: [0, 1], after: [0, 1])), filters: 2))
    ),
    "transposed_convolution_of_steps": (
      [5, 3],
      .transposedConvolution(
        TransposedConvolution(GridWindow([4], strides: [3]), filters: 2, hasBias: false))
    ),
    "transposed_volume_convolution": (
      [2, 3, 2, 3],
      .transposedConvolution(
        TransposedConvolution(
          GridWindow(
            [2, 2, 3], strides: [2, 1, 2],
            padding: .explicit(before: [0, 1, 1], after: [0, 1, 1])), filters: 2))
    ),
    "dense": ([3, 5], .dense(outputs: 4, hasBias: true)),
    "attention": ([5, 36], .attention(Attention(heads: 3))),
    "causal_attention": ([5, 24], .attention(Attention(heads: 2, scale: 0.7, isCausal: true))),
    "addition_of_a_parameter": ([3, 4, 5], .addParameter(.embeddings, shape: [4, 5])),
    "product_with_a_parameter": ([3, 4, 5], .multiplyParameter(.gamma, shape: [5])),
    "parametric_relu": ([3, 4, 5], .parametricRelu(shape: [1, 1, 5])),
    "scale_and_offset": ([3, 2], .affine(scale: [2, -3], offset: [1])),
    "standardization": ([3, 4], .standardization(shape: [4])),
    "leading_rows": ([3, 4], .prependParameter(.embeddings, count: 2)),
    "padding": ([2, 3, 2], .padding(before: [1, 2, 0], after: [3, 0, 1])),
    "zero_padding": ([2, 3, 2], .zeroPadding(top: 1, bottom: 3, left: 2, right: 0)),
    "slice": ([4, 5, 3], .slice(starts: [1, 0, 1], counts: [2, 4, 2])),
    "permutation": ([2, 3, 4], .permute([2, 0, 1])),
    "reversal": ([2, 3, 4], .reverse(axis: 1)),
    "repetition": ([2, 3, 2], .repetition([2, 3, 1])),
    "nearest_upsampling": ([3, 4, 2], .resizing(Resizing(to: Extent(6, 12), .nearest))),
    "bilinear_upsampling": ([3, 4, 2], .resizing(Resizing(to: Extent(7, 9), .bilinear))),
    "bilinear_downsampling": ([8, 9, 2], .resizing(Resizing(to: Extent(3, 4), .bilinear))),
  ]

  private static let broadcast = [[3, 4, 5], [1, 1, 5]]

  private static let several: [String: ([[Int]], Operation)] = [
    "cross_attention": ([[3, 8], [5, 8], [5, 6]], .attention(Attention(heads: 2))),
    "dot": ([[3, 4], [4, 2]], .dot(axes: [1, 0], normalizes: false)),
    "normalized_dot": ([[3, 4], [4, 2]], .dot(axes: [1, 0], normalizes: true)),
    "concatenation": ([[2, 3, 4], [2, 3, 2]], .concatenate(axis: 2)),
    "concatenation_of_rows": ([[2, 3, 4], [1, 3, 4]], .concatenate(axis: 0)),
    "addition": (broadcast, .arithmetic(.addition)),
    "subtraction": (broadcast, .arithmetic(.subtraction)),
    "multiplication": (broadcast, .arithmetic(.multiplication)),
    "maximum": (broadcast, .arithmetic(.maximum)),
    "minimum": (broadcast, .arithmetic(.minimum)),
    "average": (broadcast, .arithmetic(.average)),
    "multiplication_of_three": ([[6, 1], [1, 4], [6, 4]], .arithmetic(.multiplication)),
    "stretched_both_ways": ([[6, 1], [1, 4]], .arithmetic(.subtraction)),
  ]
}
