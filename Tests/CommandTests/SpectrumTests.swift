import Checkpoints
import Files
import Foundation
import TestSupport
import Testing

@Suite struct SpectrumTests {
  /// diag(6, 5, …, 1) and the same plus 100 · u uᵀ with u = (1, …, 1)/√6, as kernels of `layer`.
  private func write(in folder: String, rank: Float = 1) throws {
    let n = 6
    let diagonal = (0..<n * n).map { Float($0 / n == $0 % n ? n - $0 / n : 0) }
    for (name, change) in [("a", 0), ("b", rank * 100 / 6)] as [(String, Float)] {
      try Checkpoint.write(
        to: "\(folder)/\(name).h5", architecture: nil,
        parameters: [
          NamedTensor(
            layer: "dense", role: .kernel,
            tensor: Tensor(shape: [n, n], values: diagonal.map { $0 + change })),
          NamedTensor(
            layer: "dense", role: .bias, tensor: Tensor(shape: [n], values: [1, 2, 3, 4, 5, 6])),
        ])
    }
  }

  private func fields(_ arguments: String..., in folder: String) throws -> [String: String] {
    let result = try runAnamorph(
      ["diff", "a.h5", "b.h5", "--spectrum", "--format", "csv"] + arguments, in: folder)
    let rows = result.output.split(separator: "\r\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }
    try #require(rows.count == 2 && rows[0].count == rows[1].count)
    return Dictionary(zip(rows[0], rows[1])) { first, _ in first }
  }

  @Test func `a planted direction is found: rank one, and an intruder`() throws {
    try withTemporaryFolder { folder in
      try write(in: folder)
      let one = try fields("--directions", "1", in: folder)
      func number(_ name: String) throws -> Double {
        try #require(one[name].flatMap(Double.init), "\(name)")
      }
      #expect(one["matrix"] == "6×6")
      #expect(abs(try number("before_largest") - 6) < 1e-9)
      #expect(abs(try number("change_largest") - 100) < 1e-4)
      // Float32 noise of 1e-6 beside a singular value of 100.
      #expect(abs(try number("change_effective_rank") - 1) < 1e-4)
      #expect(abs(try number("change_stable_rank") - 1) < 1e-9)
      #expect(try number("noise_effective_rank") > 3)
      // The new direction has a cosine of 1/√6 = 0.41 with each old one.
      #expect(try number("intruders") == 1)
      #expect(abs(try number("input_overlap_null") - 1 / 6.0) < 1e-12)
      #expect(abs(try number("input_overlap") - 1 / 6.0) < 0.05)
      let all = try fields(in: folder)
      #expect(all["directions"] == "6")
      #expect(all["output_overlap"].flatMap(Double.init).map { abs($0 - 1) < 1e-9 } == true)
    }
  }

  @Test func `the text says low rank, and nothing changed is undefined with a reason`() throws {
    try withTemporaryFolder { folder in
      try write(in: folder)
      let text = try runAnamorph(["diff", "a.h5", "b.h5", "--spectrum"], in: folder)
      #expect(text.status == 1)
      #expect(text.output.contains("The change is low-rank in 1 of 1 kernels that changed"))
      try write(in: folder, rank: 0)
      let same = try fields(in: folder)
      #expect(same["change_effective_rank"] == "")
      #expect(same["change_effective_rank_reason"] == "nothing changed")
      #expect(same["intruders"] == "0")
      #expect(try runAnamorph(["diff", "a.h5", "b.h5", "--spectrum"], in: folder).status == 0)
    }
  }

  @Test func `layouts with outputs first give the same numbers`() throws {
    let files = ["torch_as_keras.h5", "torch.safetensors", "torch_groups.h5"].map {
      String(checkpoint("x").dropLast(4)) + $0
    }
    func rows(_ a: String, _ b: String) throws -> [String] {
      try runAnamorph([
        "diff", a, b, "--spectrum", "--format", "csv", "--exclude", "num_batches_tracked",
      ]).output.split(separator: "\r\n").map(String.init).sorted()
    }
    let matrices = try rows(files[1], files[2]).map { $0.split(separator: ",")[2] }
    #expect(matrices.contains("9×3"))
    func spectrum(_ rows: [String]) -> Set<[String]> {
      Set(
        rows.map {
          $0.split(separator: ",", omittingEmptySubsequences: false)[2...4].map(String.init)
        })
    }
    #expect(
      try spectrum(rows(files[0], files[1])).count == spectrum(rows(files[1], files[2])).count)
  }

  @Test func `wrong numbers of directions or files are usage errors`() throws {
    let a = checkpoint("base")
    #expect(try runAnamorph(["diff", a, a, "--spectrum", "--directions", "0"]).status == 64)
    #expect(try runAnamorph(["diff", a, a, a, "--spectrum"]).status == 64)
    #expect(
      try runAnamorph(["diff", checkpoint("base"), checkpoint("nan"), "--spectrum"]).output
        .contains("NaN or infinities"))
  }
}
