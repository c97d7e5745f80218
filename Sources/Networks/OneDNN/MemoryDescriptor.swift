import COneDNN

/// What the numbers of an array are.
enum ElementType: Hashable {
  case float32
  /// The upper half of a Float32.
  case bfloat16

  var forOneDNN: dnnl_data_type_t {
    switch self {
    case .float32: dnnl_f32
    case .bfloat16: dnnl_bf16
    }
  }
}

/// The shape of an array and how it lies in memory, as oneDNN describes it.
struct MemoryDescriptor {
  /// oneDNN's description, freed with the last copy of this value.
  private final class Storage {
    let handle: OpaquePointer

    init(_ handle: OpaquePointer) { self.handle = handle }

    deinit { conednn_layout_destroy(handle) }
  }

  private let storage: Storage

  var handle: OpaquePointer { storage.handle }

  /// An array of the given extents; `tag` says how they lie in memory.
  ///
  /// Extents are in oneDNN's order: examples, channels, height, width for values, and outputs,
  /// inputs, height, width for kernels.
  init(
    _ extents: [Int], _ tag: dnnl_format_tag_t, _ type: ElementType = .float32, layer: String
  ) throws(NetworkError) {
    storage = try Self.storage("describe an array of \(extents)", layer) { result in
      conednn_layout_create(
        &result, Int32(extents.count), Self.dimensions(extents), type.forOneDNN, tag)
    }
  }

  /// An array whose neighbours along each axis lie `strides` numbers apart.
  init(
    _ extents: [Int], strides: [Int], _ type: ElementType = .float32, layer: String
  ) throws(NetworkError) {
    precondition(extents.count == strides.count, "\(strides) for \(extents)")
    storage = try Self.storage("describe an array of \(extents)", layer) { result in
      conednn_layout_create_strided(
        &result, Int32(extents.count), Self.dimensions(extents), type.forOneDNN,
        Self.dimensions(strides))
    }
  }

  /// A copy of what belongs to oneDNN.
  init(copying handle: OpaquePointer, layer: String) throws(NetworkError) {
    storage = try Self.storage("describe an array", layer) { result in
      conednn_layout_copy(&result, handle)
    }
  }

  private static func dimensions(_ extents: [Int]) -> [Int64] {
    precondition(extents.count <= 12, "\(extents.count) axes")
    return extents.map { Int64($0) } + repeatElement(0, count: 12 - extents.count)
  }

  private static func storage(
    _ action: String, _ layer: String, _ make: (inout OpaquePointer?) -> dnnl_status_t
  ) throws(NetworkError) -> Storage {
    var handle: OpaquePointer?
    let status = make(&handle)
    try check(status, action, layer: layer)
    guard let handle else { throw NetworkError(layer: layer, reason: "no description of an array") }
    return Storage(handle)
  }

  /// The memory that an array takes, in numbers of four bytes.
  var count: Int { (conednn_layout_size(handle) + 3) / 4 }

  /// The type of the numbers.
  var elementType: ElementType {
    conednn_layout_type(handle) == dnnl_bf16 ? .bfloat16 : .float32
  }
}

extension MemoryDescriptor: Equatable {
  /// Whether extents and arrangement are the same.
  static func == (a: MemoryDescriptor, b: MemoryDescriptor) -> Bool {
    a.storage === b.storage || conednn_layout_equal(a.handle, b.handle) != 0
  }
}
