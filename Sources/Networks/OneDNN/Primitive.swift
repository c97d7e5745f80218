import COneDNN

/// How a primitive is made: scratch memory from the caller, optionally an activation at its end.
///
/// Scratch memory that oneDNN manages is shared by all primitives made on one thread, so executors
/// on several threads would write over each other's.
final class Attributes {
  let handle: dnnl_primitive_attr_t

  init(fused activation: Activation? = nil, layer: String) throws(NetworkError) {
    var attributes: dnnl_primitive_attr_t?
    try check(dnnl_primitive_attr_create(&attributes), "make attributes", layer: layer)
    guard let attributes else { throw NetworkError(layer: layer, reason: "no attributes") }
    handle = attributes
    try check(
      dnnl_primitive_attr_set_scratchpad_mode(handle, dnnl_scratchpad_mode_user),
      "use given scratch memory", layer: layer)
    guard let activation else { return }
    guard let function = activation.function else {
      throw NetworkError(layer: layer, reason: "oneDNN has no \(activation)")
    }
    var operations: dnnl_post_ops_t?
    try check(dnnl_post_ops_create(&operations), "fuse an activation", layer: layer)
    defer { dnnl_post_ops_destroy(operations) }
    try check(
      dnnl_post_ops_append_eltwise(
        operations, 1, function.algorithm, function.alpha, function.beta),
      "fuse an activation", layer: layer)
    try check(
      dnnl_primitive_attr_set_post_ops(handle, operations), "fuse an activation", layer: layer)
  }

  deinit { dnnl_primitive_attr_destroy(handle) }
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
    guard let raw = dnnl_primitive_desc_query_md(handle, what, index) else {
      throw NetworkError(layer: layer, reason: "oneDNN does not say how its arrays lie")
    }
    return MemoryDescriptor(raw.pointee)
  }

  var source: MemoryDescriptor {
    get throws(NetworkError) { try descriptor(of: dnnl_query_src_md) }
  }
  var kernel: MemoryDescriptor {
    get throws(NetworkError) { try descriptor(of: dnnl_query_weights_md) }
  }
  var kernelGradient: MemoryDescriptor {
    get throws(NetworkError) { try descriptor(of: dnnl_query_diff_weights_md) }
  }
  var workspace: MemoryDescriptor {
    get throws(NetworkError) { try descriptor(of: dnnl_query_workspace_md) }
  }

  /// The scratch memory needed, in numbers of four bytes.
  var scratchCount: Int {
    dnnl_primitive_desc_query_md(handle, dnnl_query_scratchpad_md, 0).map {
      MemoryDescriptor($0.pointee).count
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
    default: function?.algorithm ?? dnnl_alg_kind_undef
    }
  }
}

extension dnnl_alg_kind_t {
  /// The mean of a window, with or without its padding.
  static func averagePooling(_ countsPadding: Bool) -> dnnl_alg_kind_t {
    countsPadding ? dnnl_pooling_avg_include_padding : dnnl_pooling_avg_exclude_padding
  }
}
