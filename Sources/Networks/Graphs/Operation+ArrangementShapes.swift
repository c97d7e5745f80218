/// Shapes of operations on several values, and of those that arrange numbers anew.
extension Operation {
  /// The shape that several values give together; `nil` for operations on one value.
  func joinedShapes(
    for inputs: [[Int]], layer: String
  ) throws(NetworkError) -> InferredShapes? {
    func fail(_ reason: String) -> NetworkError { NetworkError(layer: layer, reason: reason) }
    switch self {
    case .add:
      guard inputs.count >= 2 else { throw fail("an addition needs two inputs or more") }
      guard inputs.allSatisfy({ $0 == inputs[0] }) else {
        throw fail("the inputs of an addition have the shapes \(inputs)")
      }
      return InferredShapes(output: inputs[0])
    case .arithmetic(let arithmetic):
      let takesTwo = arithmetic == .subtraction || arithmetic == .division
      guard takesTwo ? inputs.count == 2 : inputs.count >= 2 else {
        throw fail("\(kind) of \(inputs.count) values")
      }
      guard let shape = Self.stretched(inputs) else {
        throw fail("the inputs of this \(kind) have the shapes \(inputs)")
      }
      return InferredShapes(output: shape)
    case .concatenate(let axis):
      guard let first = inputs.first, first.indices ~= axis else {
        throw fail("concatenation along axis \(axis) of values of the shapes \(inputs)")
      }
      var result = first
      result[axis] = 0
      for shape in inputs {
        var rest = shape
        guard shape.count == first.count else {
          throw fail("concatenation of values of the shapes \(inputs)")
        }
        result[axis] += shape[axis]
        rest[axis] = first[axis]
        guard rest == first else {
          throw fail("concatenation along axis \(axis) of values of the shapes \(inputs)")
        }
      }
      return InferredShapes(output: result)
    case .dot(let axes, _):
      guard inputs.count == 2, axes.count == 2, inputs[0].indices ~= axes[0],
        inputs[1].indices ~= axes[1], inputs[0][axes[0]] == inputs[1][axes[1]]
      else { throw fail("dot product along the axes \(axes) of values of the shapes \(inputs)") }
      var (first, second) = (inputs[0], inputs[1])
      first.remove(at: axes[0])
      second.remove(at: axes[1])
      return InferredShapes(output: first.isEmpty && second.isEmpty ? [1] : first + second)
    case .attention(let attention):
      return try attention.shapes(for: inputs, layer: layer)
    default: return nil
    }
  }

  /// The shape of a value whose numbers are arranged anew.
  func arrangedShape(of input: [Int], layer: String) throws(NetworkError) -> InferredShapes {
    func fail(_ reason: String) -> NetworkError { NetworkError(layer: layer, reason: reason) }
    switch self {
    case .zeroPadding(let top, let bottom, let left, let right):
      guard input.count == 3 else {
        throw fail("\(kind) needs an image of height × width × channels, not the shape \(input)")
      }
      guard [top, bottom, left, right].allSatisfy({ 0...65536 ~= $0 }) else {
        throw fail("padding \(top), \(bottom), \(left), \(right) is out of range")
      }
      return InferredShapes(output: [input[0] + top + bottom, input[1] + left + right, input[2]])
    case .padding(let before, let after):
      guard before.count == input.count, after.count == input.count,
        (before + after).allSatisfy({ 0...65536 ~= $0 })
      else { throw fail("padding \(before), \(after) around a value of \(input)") }
      return InferredShapes(output: input.indices.map { before[$0] + input[$0] + after[$0] })
    case .slice(let starts, let counts):
      guard starts.count == input.count, counts.count == input.count,
        input.indices.allSatisfy({
          starts[$0] >= 0 && counts[$0] >= 1 && starts[$0] <= input[$0] - counts[$0]
        })
      else { throw fail("\(counts) numbers from \(starts) on of a value of \(input)") }
      return InferredShapes(output: counts)
    case .permute(let order):
      guard order.sorted() == Array(input.indices) else {
        throw fail("the axes \(order) of a value of \(input)")
      }
      return InferredShapes(output: order.map { input[$0] })
    case .reverse(let axis):
      guard input.indices ~= axis else { throw fail("axis \(axis) of a value of \(input)") }
      return InferredShapes(output: input)
    case .repetition(let factors):
      guard factors.count == input.count, factors.allSatisfy({ 1...65536 ~= $0 }),
        input.allSatisfy({ $0 <= 1 << 40 })
      else { throw fail("\(factors) times a value of \(input)") }
      return InferredShapes(output: input.indices.map { factors[$0] * input[$0] })
    case .reshape(let shape):
      guard Self.size(of: shape) == Self.size(of: input), !shape.isEmpty else {
        throw fail("the shape \(input) cannot become \(shape)")
      }
      return InferredShapes(output: shape)
    default: return InferredShapes(output: input)
    }
  }
}
