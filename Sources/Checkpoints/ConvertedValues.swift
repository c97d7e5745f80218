import Files

/// How the values of an array are put into another order.
struct Rearrangement: Hashable, Sendable {
  /// The extents that the stored values are taken for; as many values as there are.
  var view: [Int]
  /// The axes of the view in their new order.
  var axes: [Int]
  /// Axes of the result, before it gets its shape, that run backwards.
  var reversed: [Int]
  /// The extents of the result.
  var shape: [Int]

  /// `values` in the other order.
  func applied(to values: [Double]) -> [Double] {
    let turned = permuted(values, shape: view, axes: axes)
    guard !reversed.isEmpty else { return turned }
    let extents = axes.map { view[$0] }
    var strides = [Int](repeating: 1, count: extents.count)
    for axis in extents.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * extents[axis + 1]
    }
    return turned.indices.map { flat in
      var place = flat
      for axis in reversed {
        let index = flat / strides[axis] % extents[axis]
        place += (extents[axis] - 1 - 2 * index) * strides[axis]
      }
      return turned[place]
    }
  }
}

/// Values of parameters of which some are made of what is stored.
struct ConvertedValues: ValueSource {
  /// What a parameter is made of: stored arrays, each rearranged, one after another along the last
  /// axis.
  struct Recipe {
    var parts: [Checkpoint.Parameter]
    var steps: [Rearrangement]
  }

  /// Where stored values come from.
  let stored: any ValueSource
  /// The parameters that are made, by their paths.
  private(set) var recipes: [String: Recipe] = [:]

  var path: String { stored.path }

  init(stored: any ValueSource) { self.stored = stored }

  /// Says that `result` is `parameter` rearranged; what was said of it before is done first.
  mutating func convert(
    _ parameter: Checkpoint.Parameter, to result: Checkpoint.Parameter, _ step: Rearrangement
  ) {
    if var recipe = recipes[parameter.path], recipe.parts.count == 1 {
      recipe.steps.append(step)
      recipes[result.path] = recipe
    } else {
      recipes[result.path] = Recipe(parts: [parameter], steps: [step])
    }
  }

  /// Says that `result` is `parts`, each rearranged, joined along the last axis.
  mutating func join(
    _ parts: [Checkpoint.Parameter], to result: Checkpoint.Parameter, _ step: Rearrangement
  ) {
    recipes[result.path] = Recipe(parts: parts, steps: [step])
  }

  func values(_ parameter: Checkpoint.Parameter) throws(FileError) -> [Double] {
    guard let recipe = recipes[parameter.path] else { return try stored.values(parameter) }
    var arrays: [[Double]] = []
    for part in recipe.parts {
      var values = try stored.values(part)
      for step in recipe.steps { values = step.applied(to: values) }
      arrays.append(values)
    }
    guard arrays.count > 1, let width = recipe.steps.last?.shape.last, width > 0 else {
      return arrays.first ?? []
    }
    var joined: [Double] = []
    joined.reserveCapacity(parameter.count)
    for row in 0..<arrays[0].count / width {
      for array in arrays { joined += array[row * width..<(row + 1) * width] }
    }
    return joined
  }

  func floats(_ parameter: Checkpoint.Parameter) throws(FileError) -> [Float] {
    guard recipes[parameter.path] != nil else { return try stored.floats(parameter) }
    return try values(parameter).map { Float($0) }
  }

  func eachBlock(
    _ parameter: Checkpoint.Parameter, _ body: ([Double]) -> Void
  ) throws(FileError) {
    guard recipes[parameter.path] != nil else { return try stored.eachBlock(parameter, body) }
    body(try values(parameter))
  }
}
