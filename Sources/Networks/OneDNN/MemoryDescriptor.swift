import COneDNN

/// The shape of an array and how it lies in memory, as oneDNN describes it; always Float32.
struct MemoryDescriptor {
  var raw: dnnl_memory_desc_t

  init(_ raw: dnnl_memory_desc_t) { self.raw = raw }

  /// An array of the given extents; `tag` says how they lie in memory.
  ///
  /// Extents are in oneDNN's order: examples, channels, height, width for values, and outputs,
  /// inputs, height, width for kernels.
  init(_ extents: [Int], _ tag: dnnl_format_tag_t, layer: String) throws(NetworkError) {
    precondition(extents.count <= 12, "\(extents.count) axes")
    raw = dnnl_memory_desc_t()
    var dimensions = extents.map { Int64($0) }
    dimensions.append(contentsOf: repeatElement(0, count: 12 - extents.count))
    try check(
      dnnl_memory_desc_init_by_tag(&raw, Int32(extents.count), &dimensions, dnnl_f32, tag),
      "describe an array of \(extents)", layer: layer)
  }

  /// The memory that an array takes, in numbers of four bytes.
  var count: Int {
    withUnsafePointer(to: raw) { (dnnl_memory_desc_get_size($0) + 3) / 4 }
  }
}

extension MemoryDescriptor: Equatable {
  /// Whether extents and arrangement are the same.
  static func == (a: MemoryDescriptor, b: MemoryDescriptor) -> Bool {
    withUnsafePointer(to: a.raw) { a in
      withUnsafePointer(to: b.raw) { b in dnnl_memory_desc_equal(a, b) != 0 }
    }
  }
}
