/// Programs that run one after the other on threads of their own, with the memory that they share.
final class InferenceLane {
  /// The steps for so many examples, and where their inputs and taps lie.
  typealias Compiled = (program: Program, input: Buffer, taps: [Buffer])

  let engine: Engine
  private var memory: Buffer?
  private var programs: [Int: Compiled] = [:]

  init(_ engine: Engine) { self.engine = engine }

  /// Makes what computes `count` examples at a time, unless it is there; `compile` is given the engine
  /// and what hands out memory. All programs use one block of memory in turn.
  func prepare(
    for count: Int,
    _ compile: (Engine, _ arena: (_ count: Int) -> Buffer) throws(NetworkError) -> Compiled
  ) throws(NetworkError) {
    // Also where everything is there: whatever runs next runs on this lane's threads.
    engine.enter()
    guard programs[count] == nil else { return }
    programs[count] = try compile(engine) { count in
      if let memory, memory.count >= count { return memory }
      let block = Buffer(count: count)
      memory = block
      return block
    }
  }

  /// The values at each tap, which lie there until the next run.
  ///
  /// - Precondition: `inputs` holds `count` examples, for which a program is prepared.
  func run(
    _ inputs: UnsafeBufferPointer<Float>, count: Int
  ) throws(NetworkError) -> [Buffer] {
    guard let compiled = programs[count] else {
      preconditionFailure("nothing is prepared for \(count) examples")
    }
    engine.enter()
    compiled.input.fill(from: inputs)
    try compiled.program.run(on: engine.stream)
    return compiled.taps
  }
}
