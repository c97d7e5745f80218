import Checkpoints
import Foundation
import Networks
import Randomness
import Synchronization
import Testing

@Suite struct ExecutorTests {
  /// A convolutional network with everything that could depend on memory or threads.
  private func graph() throws -> Graph {
    try row(
      [9, 9, 3],
      [
        .convolution(Convolution(Window(Extent(3), padding: .same), filters: 20)),
        .batchNormalization(BatchNormalization()), .activation(.relu),
        .maximumPooling(Window(Extent(2), strides: Extent(2))),
        .convolution(Convolution(Window(Extent(3), padding: .same), filters: 33)),
        .activation(.relu), .reshape([4 * 4 * 33]), .dropout(rate: 0.3),
        .dense(outputs: 17, hasBias: true), .activation(.relu), .dense(outputs: 5, hasBias: true),
        .softmax,
      ])
  }

  /// Some steps of gradient descent; returns all parameters.
  private func train(_ network: Network, threads: Int = 1) throws -> [Tensor] {
    let executor = try TrainingExecutor(network, capacity: 16, threads: threads)
    var generator = SeededGenerator(seed: 4, "dropout")
    for step in 0..<6 {
      let count = step % 3 == 2 ? 7 : 16
      let inputs = randomValues(count * 243, seed: UInt64(step))
      let gradient = randomValues(count * 5, seed: UInt64(100 + step))
      try inputs.withUnsafeBufferPointer {
        _ = try executor.forward($0, count: count, mode: .train, dropout: &generator)
      }
      try gradient.withUnsafeBufferPointer { try executor.backward($0) }
      for (parameter, gradient) in zip(executor.parameters, executor.gradients) {
        guard let gradient else { continue }
        for index in gradient.indices { parameter[index] -= 0.001 * gradient[index] }
      }
    }
    return executor.copyParameters()
  }

  @Test(arguments: [1, 2])
  func `the same inputs give the same bits on every run`(threads: Int) throws {
    let network = randomNetwork(try graph(), seed: 3)
    let first = try train(network, threads: threads)
    #expect(first != network.parameters)
    for _ in 0..<2 { #expect(try train(network, threads: threads) == first) }
  }

  @Test func `executors on several threads give the bits of one alone`() throws {
    let network = randomNetwork(try graph(), seed: 3)
    let alone = try train(network)
    let inputs = randomValues(40 * 243, seed: 9)
    let inferred = try InferenceExecutor(network, batchSize: 16).run(inputs)
    let agreeing = Mutex(0)
    let threads = (0..<6).map { number in
      Thread {
        do {
          let same =
            number % 2 == 0
            ? try self.train(network) == alone
            : try InferenceExecutor(network, batchSize: 16).run(inputs) == inferred
          if same { agreeing.withLock { $0 += 1 } }
        } catch { Issue.record(error) }
      }
    }
    for thread in threads {
      thread.stackSize = 8 << 20
      thread.start()
    }
    let deadline = ContinuousClock.now + .seconds(60)
    while !threads.allSatisfy(\.isFinished), ContinuousClock.now < deadline { usleep(1000) }
    #expect(agreeing.withLock { $0 } == 6)
  }

  @Test func `an executor may be used from another thread than the one that made it`() async throws
  {
    let network = randomNetwork(try graph(), seed: 3)
    let inputs = randomValues(20 * 243, seed: 9)
    let expected = try InferenceExecutor(network, batchSize: 8).run(inputs)
    let executor = try InferenceExecutor(network, batchSize: 8)
    nonisolated(unsafe) let moved = executor
    let result = try await Task.detached { try moved.run(inputs) }.value
    #expect(result == expected)
  }

  @Test func `fused inference agrees with the unfused graph in evaluate mode`() throws {
    let graph = try graph()
    let network = randomNetwork(graph, seed: 5)
    let inputs = randomValues(6 * 243, seed: 6)
    let training = try TrainingExecutor(network, capacity: 6)
    let logits = try inputs.withUnsafeBufferPointer {
      Array(try training.forward($0, count: 6, mode: .evaluate))
    }
    let inferred = try InferenceExecutor(network, taps: [graph.logitsTap]).run(inputs)
    #expect(relativeDifference(inferred[0], logits) < 1e-5)
    #expect(training.copyParameters() == network.parameters)
  }

  @Test func `taps recorded together are those recorded one by one`() throws {
    let graph = try graph()
    let network = randomNetwork(graph, seed: 5)
    let inputs = randomValues(5 * 243, seed: 6)
    let taps = graph.nodes.indices.map(graph.tap(at:))
    let together = try InferenceExecutor(network, taps: taps, batchSize: 2).run(inputs)
    #expect(together[0] == inputs)
    for (tap, values) in zip(taps, together) {
      #expect(values.count == 5 * tap.size)
      let alone = try InferenceExecutor(network, taps: [tap], batchSize: 3).run(inputs)
      #expect(relativeDifference(alone[0], values) < 1e-5, "\(tap)")
    }
  }

  @Test func `new parameters take effect`() throws {
    let graph = try graph()
    let (first, second) = (randomNetwork(graph, seed: 5), randomNetwork(graph, seed: 50))
    let inputs = randomValues(5 * 243, seed: 6)
    let executor = try InferenceExecutor(first, batchSize: 4)
    let before = try executor.run(inputs)
    try executor.load(second.parameters)
    let after = try executor.run(inputs)
    #expect(after != before)
    #expect(after == (try InferenceExecutor(second, batchSize: 4).run(inputs)))
  }

  @Test func `frozen slots have no gradient and do not change the others'`() throws {
    let network = randomNetwork(try graph(), seed: 5)
    let inputs = randomValues(4 * 243, seed: 6)
    let gradient = randomValues(4 * 5, seed: 7)
    func gradients(_ trainable: [Bool]?) throws -> [[Float]?] {
      let executor = try TrainingExecutor(network, capacity: 4, trainable: trainable)
      try inputs.withUnsafeBufferPointer { _ = try executor.forward($0, count: 4, mode: .train) }
      try gradient.withUnsafeBufferPointer { try executor.backward($0) }
      return executor.gradients.map { $0.map(Array.init) }
    }
    let all = try gradients(nil)
    for frozen in [0..<1, 0..<2, 0..<8, 0..<10, 3..<9, 11..<12] {
      let flags = all.indices.map { !frozen.contains($0) }
      for (slot, values) in try gradients(flags).enumerated() {
        #expect(values == (flags[slot] ? all[slot] : nil))
      }
    }
    #expect(try gradients(all.map { _ in false }).allSatisfy { $0 == nil })
  }

  @Test func `dropout draws its mask from the caller's generator`() throws {
    let graph = try row([1000], [.dropout(rate: 0.25)])
    let executor = try TrainingExecutor(Network(graph, parameters: []), capacity: 2)
    let ones = [Float](repeating: 1, count: 2000)
    func run(_ generator: inout SeededGenerator) throws -> [Float] {
      try ones.withUnsafeBufferPointer {
        Array(try executor.forward($0, count: 2, mode: .train, dropout: &generator))
      }
    }
    var generator = SeededGenerator(seed: 1, "dropout")
    let first = try run(&generator)
    let second = try run(&generator)
    #expect(first != second)
    generator = SeededGenerator(seed: 1, "dropout")
    #expect(try run(&generator) == first)
    #expect(Set(first) == [0, 1 / 0.75])
    // 500 expected, standard deviation 19.4.
    #expect(abs(first.count { $0 == 0 } - 500) < 80)
    let inactive = try ones.withUnsafeBufferPointer {
      Array(try executor.forward($0, count: 2, mode: .train))
    }
    #expect(inactive == ones)
  }
}
