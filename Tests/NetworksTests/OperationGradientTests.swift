import Checkpoints
import Foundation
import Networks
import Randomness
import TestSupport
import Testing

/// The gradients of operations are those that PyTorch computes in Float64, as
/// `Fixtures/make_fixtures_gradients.py` wrote them; what goes in follows from the names.
@Suite struct OperationGradientTests {
  static let reference = try? JSON(
    parsing: String(contentsOf: URL(filePath: fixture("operations.json")), encoding: .utf8))
  static let names = (reference?["operations"]?.object?.keys).map { $0.sorted() } ?? []

  @Test func `there is a graph for every operation of the reference`() throws {
    #expect(Self.names.count == 82)
    for name in Self.names { _ = try OperationGraph.named(name) }
  }

  @Test(arguments: names)
  func `an operation's gradients are PyTorch's`(name: String) throws {
    let expected = try #require(Self.reference?["operations"]?[name]?.array).map { values in
      (values.array ?? []).compactMap(\.double).map { Float($0) }
    }
    let graph = try OperationGraph.named(name)
    func numbers(_ part: String, _ count: Int) -> [Float] {
      StateDictionaryFixture.uniform("\(name)/\(part)", count).map { Float($0) }
    }
    var position = 0
    let parameters = graph.parameters.map { slot in
      guard !slot.role.isStatistic else {
        return Tensor(shape: slot.shape, values: [Float](repeating: 1, count: slot.count))
      }
      defer { position += 1 }
      let values = numbers("parameter\(position)", slot.count)
      let isVariance = slot.role == .other("variance")
      return Tensor(shape: slot.shape, values: isVariance ? values.map { 1.5 + $0 } : values)
    }
    let executor = try TrainingExecutor(
      Network(graph, parameters: parameters), capacity: 3, differentiatesInput: true)
    let inputs = numbers("value", 2 * graph.inputShape.reduce(1, *))
    // A longer run first: nothing of it may stay behind.
    for values in [inputs + numbers("other", inputs.count / 2), inputs] {
      let logits = try values.withUnsafeBufferPointer {
        try executor.forward($0, count: values.count * 2 / inputs.count, mode: .train).count
      }
      try numbers("gradient", logits).withUnsafeBufferPointer { try executor.backward($0) }
    }
    let ofInput = try #require(executor.inputGradient).prefix(inputs.count)
    var errors = [relativeDifference(Array(ofInput), expected[0])]
    let trained = zip(graph.parameters, executor.gradients).filter { !$0.0.role.isStatistic }
    #expect(trained.count == expected.count - 1)
    for ((_, gradient), expected) in zip(trained, expected.dropFirst()) {
      #expect((gradient == nil) == expected.isEmpty)
      if let gradient { errors.append(relativeDifference(Array(gradient), expected)) }
    }
    noteError(name, errors.max() ?? 0)
    #expect(errors.allSatisfy { $0 < 1e-5 }, "\(errors)")
  }

  static let functions: [(Activation, @Sendable (Float) -> Float)] = [
    (.absolute, { $0 < 0 ? -1 : 1 }), (.clip(low: -0.5, high: 0.75), { abs($0) < 0.6 ? 1 : 0 }),
    (.power(exponent: 2), { 2 * $0 }), (.power(exponent: 3), { 3 * $0 * $0 }),
    (.power(exponent: -1), { -1 / ($0 * $0) }),
  ]

  @Test(arguments: functions.indices)
  func `functions between layers have their derivatives`(index: Int) throws {
    let (function, derivative) = Self.functions[index]
    var builder = try GraphBuilder(inputShape: [4])
    let result = try builder.add("f", .activation(function), to: builder.input)
    let executor = try TrainingExecutor(
      Network(builder.graph(output: result), parameters: []), capacity: 1,
      differentiatesInput: true)
    let values: [Float] = [-1.5, -0.25, 0.5, 2]
    _ = try values.withUnsafeBufferPointer { try executor.forward($0, count: 1, mode: .train) }
    try [Float](arrayLiteral: 1, 2, 3, 4).withUnsafeBufferPointer { try executor.backward($0) }
    let expected = values.enumerated().map { derivative($1) * Float($0 + 1) }
    let gradient = Array(try #require(executor.inputGradient).prefix(4))
    #expect(relativeDifference(gradient, expected) < 1e-6)
  }

  @Test func `a table's rows add up the gradients of where they were read`() throws {
    var builder = try GraphBuilder(inputShape: [4])
    let rows = try builder.add("table", .embedding(count: 3, width: 2), to: builder.input)
    let graph = builder.graph(output: rows)
    let table = Tensor(shape: [3, 2], values: [1, 2, 3, 4, 5, 6])
    let executor = try TrainingExecutor(Network(graph, parameters: [table]), capacity: 1)
    try [Float](arrayLiteral: 2, 0, 2, 2).withUnsafeBufferPointer {
      _ = try executor.forward($0, count: 1, mode: .train)
    }
    try [Float](arrayLiteral: 1, 10, 2, 20, 3, 30, 4, 40).withUnsafeBufferPointer {
      try executor.backward($0)
    }
    #expect(executor.gradients[0].map(Array.init) == [2, 20, 0, 0, 8, 80])
  }

  @Test func `what stands in the way of training is named, and layers behind it are trained`()
    throws
  {
    var builder = try GraphBuilder(inputShape: [4, 3])
    var value = try builder.add(
      "states", .recurrence(Recurrence(.longShortTermMemory, units: 5)), to: builder.input)
    value = try builder.add("head", .dense(outputs: 2, hasBias: true), to: value)
    let network = randomNetwork(builder.graph(output: value), seed: 1)
    let error = try #require(throws: NetworkError.self) {
      try TrainingExecutor(network, capacity: 2)
    }
    #expect(
      error.description.hasPrefix("layer 'states': training through this LSTM is not supported"))
    #expect(error.description.contains("needs gradients back through its steps"))
    let head = network.graph.parameters.map { $0.layer == "head" }
    let executor = try TrainingExecutor(network, capacity: 2, trainable: head)
    try randomValues(12, seed: 3).withUnsafeBufferPointer {
      _ = try executor.forward($0, count: 1, mode: .train)
    }
    try [Float](arrayLiteral: 1, 0.5).withUnsafeBufferPointer { try executor.backward($0) }
    #expect(executor.gradients.last?.map(Array.init) == [1, 0.5])
    #expect(throws: NetworkError.self) {
      try TrainingExecutor(network, capacity: 2, trainable: head, differentiatesInput: true)
    }
  }
}

/// Appends an error to the file that the environment's GRADIENT_ERRORS names, for tables of them.
func noteError(_ name: String, _ error: Float) {
  guard let path = ProcessInfo.processInfo.environment["GRADIENT_ERRORS"],
    let file = fopen(path, "a")
  else { return }
  fputs("\(name) \(error)\n", file)
  fclose(file)
}
