import COneDNN

/// One thing that an executor does, on memory fixed when the step was made.
protocol Step: AnyObject {
  func run(on stream: dnnl_stream_t) throws(NetworkError)
}

/// Runs a primitive of oneDNN; handles and argument array are made once.
final class PrimitiveStep: Step {
  let layer: String
  private let primitive: dnnl_primitive_t
  private let arguments: UnsafeMutablePointer<dnnl_exec_arg_t>
  private let count: Int
  private let buffers: [Buffer]
  private let scratch: dnnl_memory_t?
  private var held: Buffer?
  let scratchCount: Int

  /// Binds a primitive's arguments (by oneDNN's argument numbers) to buffers.
  init(
    _ descriptor: PrimitiveDescriptor, engine: Engine,
    _ bindings: [(argument: Int32, descriptor: MemoryDescriptor, buffer: Buffer)]
  ) throws(NetworkError) {
    let layer = descriptor.layer
    let scratchCount = descriptor.scratchCount
    self.layer = layer
    self.scratchCount = scratchCount
    buffers = bindings.map(\.buffer)
    var primitive: dnnl_primitive_t?
    try check(dnnl_primitive_create(&primitive, descriptor.handle), "make a kernel", layer: layer)
    guard let primitive else { throw NetworkError(layer: layer, reason: "no kernel") }
    var memories: [dnnl_exec_arg_t] = []
    func memory(
      _ description: MemoryDescriptor, _ pointer: UnsafeMutableRawPointer?
    ) throws(NetworkError) -> dnnl_memory_t? {
      var memory: dnnl_memory_t?
      let status = conednn_memory_create(&memory, description.handle, engine.handle, pointer)
      try check(status, "bind memory", layer: layer)
      return memory
    }
    do {
      for binding in bindings {
        precondition(
          binding.descriptor.count <= binding.buffer.count,
          "\(binding.descriptor.count) numbers in \(binding.buffer.count)")
        memories.append(
          dnnl_exec_arg_t(
            arg: binding.argument, memory: try memory(binding.descriptor, binding.buffer.pointer)))
      }
      if scratchCount > 0 {
        let description = try descriptor.descriptor(of: dnnl_query_scratchpad_md)
        memories.append(
          dnnl_exec_arg_t(arg: DNNL_ARG_SCRATCHPAD, memory: try memory(description, nil)))
      }
    } catch {
      for argument in memories { dnnl_memory_destroy(argument.memory) }
      dnnl_primitive_destroy(primitive)
      throw error
    }
    self.primitive = primitive
    scratch = scratchCount > 0 ? memories.last?.memory : nil
    count = memories.count
    arguments = UnsafeMutablePointer<dnnl_exec_arg_t>.allocate(capacity: max(count, 1))
    arguments.initialize(from: memories, count: count)
  }

  deinit {
    for index in 0..<count { dnnl_memory_destroy(arguments[index].memory) }
    arguments.deallocate()
    dnnl_primitive_destroy(primitive)
  }

  /// Says where the scratch memory is, once its size is known.
  func use(scratch buffer: Buffer) throws(NetworkError) {
    guard let scratch else { return }
    held = buffer
    try check(
      dnnl_memory_set_data_handle(scratch, buffer.pointer), "bind scratch memory", layer: layer)
  }

  /// Makes the argument at `position` of the bindings lie elsewhere from now on.
  func move(_ position: Int, to pointer: UnsafeMutableRawPointer) -> dnnl_status_t {
    dnnl_memory_set_data_handle(arguments[position].memory, pointer)
  }

  func run(on stream: dnnl_stream_t) throws(NetworkError) {
    let status = dnnl_primitive_execute(
      primitive, stream, Int32(truncatingIfNeeded: count), arguments)
    if status != dnnl_success { try check(status, "run", layer: layer) }
  }
}

/// Steps in order, with the scratch memory they share.
final class Program {
  private var steps: [any Step] = []
  private var scratch: Buffer?

  var isEmpty: Bool { steps.isEmpty }

  func append(_ step: any Step) { steps.append(step) }

  /// Gives the primitives their scratch memory; once, when all steps are there.
  func finish() throws(NetworkError) {
    let primitives = steps.compactMap { $0 as? PrimitiveStep }
    let scratch = Buffer(count: primitives.map(\.scratchCount).max() ?? 0)
    self.scratch = scratch
    for primitive in primitives { try primitive.use(scratch: scratch) }
  }

  func run(on stream: dnnl_stream_t) throws(NetworkError) {
    for step in steps { try step.run(on: stream) }
  }
}
