import COneDNN

/// What is done to a result before it is written.
enum PostOperation {
  /// A function of each number.
  case activation(Activation)
  /// The product with a number.
  case scale(Float)
  /// The sum with what lies in the destination.
  case accumulate
  /// The sum with another array.
  case add(MemoryDescriptor)
}

/// How a primitive is made: scratch memory from the caller, optionally operations at its end.
///
/// Scratch memory that oneDNN manages is shared by all primitives made on one thread, so executors
/// on several threads would write over each other's.
final class Attributes {
  let handle: dnnl_primitive_attr_t

  convenience init(fused activation: Activation?, layer: String) throws(NetworkError) {
    try self.init(activation.map { [.activation($0)] } ?? [], layer: layer)
  }

  init(_ post: [PostOperation] = [], layer: String) throws(NetworkError) {
    var attributes: dnnl_primitive_attr_t?
    try check(dnnl_primitive_attr_create(&attributes), "make attributes", layer: layer)
    guard let attributes else { throw NetworkError(layer: layer, reason: "no attributes") }
    handle = attributes
    try check(
      dnnl_primitive_attr_set_scratchpad_mode(handle, dnnl_scratchpad_mode_user),
      "use given scratch memory", layer: layer)
    guard !post.isEmpty else { return }
    var operations: dnnl_post_ops_t?
    try check(dnnl_post_ops_create(&operations), "fuse operations", layer: layer)
    defer { dnnl_post_ops_destroy(operations) }
    for operation in post {
      let status =
        switch operation {
        case .activation(let activation): append(activation, to: operations)
        case .scale(let factor):
          conednn_append_elementwise(operations, dnnl_eltwise_linear, factor, 0)
        case .accumulate: conednn_append_sum(operations)
        case .add(let other): conednn_append_addition(operations, other.handle)
        }
      try check(status, "fuse an operation", layer: layer)
    }
    try check(
      dnnl_primitive_attr_set_post_ops(handle, operations), "fuse operations", layer: layer)
  }

  deinit { dnnl_primitive_attr_destroy(handle) }
}

private func append(
  _ activation: Activation, to operations: dnnl_post_ops_t?
) -> dnnl_status_t {
  guard let function = activation.function else { return dnnl_unimplemented }
  return conednn_append_elementwise(
    operations, function.algorithm, function.alpha, function.beta)
}

/// A primitive before it is made: oneDNN's choice of implementation and of arrangements.
final class PrimitiveDescriptor {
  let handle: dnnl_primitive_desc_t
  let layer: String

  /// Adopts what `make` creates.
  init(
    layer: String, _ action: String,
    _ make: (inout dnnl_primitive_desc_t?) -> dnnl_status_t
  ) throws(NetworkError) {
    var descriptor: dnnl_primitive_desc_t?
    let status = make(&descriptor)
    try check(status, action, layer: layer)
    guard let descriptor else { throw NetworkError(layer: layer, reason: "no descriptor") }
    handle = descriptor
    self.layer = layer
  }

  deinit { dnnl_primitive_desc_destroy(handle) }

  /// How `what` has to lie in memory.
  func descriptor(of what: dnnl_query_t, index: Int32 = 0) throws(NetworkError) -> MemoryDescriptor
  {
    guard let layout = conednn_layout_query(handle, what, index) else {
      throw NetworkError(layer: layer, reason: "oneDNN does not say how its arrays lie")
    }
    return try MemoryDescriptor(copying: layout, layer: layer)
  }

  var source: MemoryDescriptor {
    get throws(NetworkError) { try descriptor(of: dnnl_query_src_md) }
  }
  var kernel: MemoryDescriptor {
    get throws(NetworkError) { try descriptor(of: dnnl_query_weights_md) }
  }
  var destination: MemoryDescriptor {
    get throws(NetworkError) { try descriptor(of: dnnl_query_dst_md) }
  }
  var kernelGradient: MemoryDescriptor {
    get throws(NetworkError) { try descriptor(of: dnnl_query_diff_weights_md) }
  }
  var workspace: MemoryDescriptor {
    get throws(NetworkError) { try descriptor(of: dnnl_query_workspace_md) }
  }

  /// What oneDNN calls its implementation, such as `jit_1x1:avx512_core`.
  var implementation: String {
    var name: UnsafePointer<CChar>?
    let status = withUnsafeMutablePointer(to: &name) {
      dnnl_primitive_desc_query(handle, dnnl_query_impl_info_str, 0, $0)
    }
    guard status == dnnl_success, let name else { return "" }
    return String(cString: name)
  }

  /// Whether oneDNN has only its slow reference code for this.
  var isReference: Bool { implementation.contains("ref") }

  /// The scratch memory needed, in numbers of four bytes.
  var scratchCount: Int {
    conednn_layout_query(handle, dnnl_query_scratchpad_md, 0).map {
      (conednn_layout_size($0) + 3) / 4
    } ?? 0
  }
}

extension Activation {
  /// The function in oneDNN's terms, where it has it; its derivative is computed from its output
  /// where `fromOutput`.
  var function: (algorithm: dnnl_alg_kind_t, alpha: Float, beta: Float, fromOutput: Bool)? {
    switch self {
    case .relu: (dnnl_eltwise_relu, 0, 0, true)
    case .relu6: (dnnl_eltwise_clip_v2, 0, 6, true)
    case .leakyRelu(let slope): (dnnl_eltwise_relu, slope, 0, false)
    case .elu(let alpha): (dnnl_eltwise_elu, alpha, 0, false)
    case .tanh: (dnnl_eltwise_tanh, 0, 0, true)
    case .sigmoid: (dnnl_eltwise_logistic, 0, 0, true)
    case .rectifier(0, 0, let limit) where limit.isFinite: (dnnl_eltwise_clip_v2, 0, limit, true)
    case .gelu: (dnnl_eltwise_gelu_erf, 0, 0, false)
    case .geluTanh: (dnnl_eltwise_gelu_tanh, 0, 0, false)
    case .geluSigmoid: (dnnl_eltwise_swish, 1.702, 0, false)
    case .silu: (dnnl_eltwise_swish, 1, 0, false)
    case .hardTanh: (dnnl_eltwise_clip_v2, -1, 1, true)
    case .exponential: (dnnl_eltwise_exp, 0, 0, false)
    default: nil
    }
  }

  /// The name of the function whose derivative is computed from the output, where there is one.
  var backwardAlgorithm: dnnl_alg_kind_t {
    switch self {
    case .relu: dnnl_eltwise_relu_use_dst_for_bwd
    case .relu6, .rectifier, .hardTanh: dnnl_eltwise_clip_v2_use_dst_for_bwd
    case .tanh: dnnl_eltwise_tanh_use_dst_for_bwd
    case .sigmoid: dnnl_eltwise_logistic_use_dst_for_bwd
    default: differentiated?.algorithm ?? dnnl_alg_kind_undef
    }
  }
}

extension dnnl_alg_kind_t {
  /// The mean of a window, with or without its padding.
  static func averagePooling(_ countsPadding: Bool) -> dnnl_alg_kind_t {
    countsPadding ? dnnl_pooling_avg_include_padding : dnnl_pooling_avg_exclude_padding
  }
}
