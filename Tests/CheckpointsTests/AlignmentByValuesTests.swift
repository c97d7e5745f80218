import Checkpoints
import TestSupport
import Testing

@Suite struct AlignmentByValuesTests {
  /// 36 values that differ from those of another phase in every place.
  private func kernel(_ phase: Float, moved: Float = 0) -> [Float] {
    (0..<36).map { index in
      let place = Float(index)
      let wave = (place * place * 0.37 + phase * (place + 1)).truncatingRemainder(dividingBy: 2)
      return wave - 1 + moved * (place.truncatingRemainder(dividingBy: 3) - 1)
    }
  }

  /// Layers `dense`, `dense_1`, … of one shape.
  private func write(_ path: String, _ kernels: [[Float]]) throws -> Checkpoint {
    try Checkpoint.write(
      to: path, architecture: nil,
      parameters: kernels.enumerated().flatMap { number, kernel in
        let name = number == 0 ? "dense" : "dense_\(number)"
        return [
          NamedTensor(layer: name, role: .kernel, tensor: Tensor(shape: [6, 6], values: kernel)),
          NamedTensor(layer: name, role: .bias, tensor: Tensor(shape: [6], repeating: kernel[0])),
        ]
      })
    return try Checkpoint.open(path)
  }

  @Test func `among layers of one shape, values tell which one was inserted`() throws {
    try withTemporaryFolder { folder in
      let a = try write(folder + "/a.h5", [kernel(0.31), kernel(0.77)])
      let b = try write(
        folder + "/b.h5", [kernel(0.31, moved: 0.1), kernel(1.13), kernel(0.77, moved: 0.1)])
      let difference = try CheckpointDifference(from: a, to: b)
      #expect(difference.pairs.map(\.after.layer) == ["dense", "dense", "dense_2", "dense_2"])
      #expect(difference.pairs.map(\.evidence) == [.values, .values, .values, .values])
      #expect(difference.onlyAfter.map(\.layer) == ["dense_1", "dense_1"])
      let back = try CheckpointDifference(from: b, to: a)
      #expect(back.onlyBefore.map(\.layer) == ["dense_1", "dense_1"])
    }
  }

  @Test func `where values agree with names, names are what is said`() throws {
    try withTemporaryFolder { folder in
      let a = try write(folder + "/a.h5", [kernel(0.31), kernel(0.77)])
      let c = try write(folder + "/c.h5", [kernel(0.31), kernel(0.77), kernel(1.13)])
      let evidence = try CheckpointDifference(from: a, to: c).pairs.map(\.evidence)
      #expect(evidence == [.name, .name, .name, .name])
    }
  }
}
