import Checkpoints
import Files
import Foundation
import Randomness
import Reports
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

  /// The rows of the table: values by quantity, what it is of, and number.
  private func values(_ arguments: String..., in folder: String) throws -> [String: [String]] {
    let result = try runAnamorph(
      ["diff", "a.h5", "b.h5", "--spectrum", "--format", "csv"] + arguments, in: folder)
    let rows = CSV.rows(of: result.output)
    try #require(rows.allSatisfy { $0.count == rows[0].count })
    let place = Dictionary(zip(rows[0], rows[0].indices)) { first, _ in first }
    func field(_ row: [String], _ name: String) -> String { place[name].map { row[$0] } ?? "" }
    var values: [String: [String]] = [:]
    for row in rows.dropFirst() {
      let key = [field(row, "quantity"), field(row, "of"), field(row, "index")]
      values[key.filter { !$0.isEmpty }.joined(separator: " ")] = [
        "value", "value_reason", "null", "null_lower", "null_median", "null_upper", "matrix",
      ].map { field(row, $0) }
    }
    return values
  }

  @Test func `a planted direction is found: rank one, and an intruder`() throws {
    try withTemporaryFolder { folder in
      try write(in: folder)
      let one = try values("--top", "1", in: folder)
      func number(_ name: String, _ field: Int = 0) throws -> Double {
        try #require(one[name].flatMap { Double($0[field]) }, "\(name)")
      }
      #expect(one["singular_value before 1"]?[6] == "6×6")
      #expect(abs(try number("singular_value before 1") - 6) < 1e-9)
      #expect(abs(try number("singular_value before 6") - 1) < 1e-9)
      #expect(abs(try number("singular_value change 1") - 100) < 1e-4)
      // Float32 noise of 1e-6 beside a singular value of 100.
      #expect(abs(try number("effective_rank change") - 1) < 1e-4)
      #expect(abs(try number("stable_rank change") - 1) < 1e-9)
      // Equal values in random places are the same matrix, so the null is no other.
      #expect(one["effective_rank change"]?[2] == "permuted")
      #expect(abs(try number("effective_rank change", 4) - 1) < 1e-3)
      // The new direction has a cosine of 1/√6 = 0.41 with each old one.
      #expect(try number("intruders outputs") == 1 && number("intruders inputs") == 1)
      #expect(abs(try number("random_overlap inputs") - 1 / 6.0) < 1e-12)
      #expect(abs(try number("overlap inputs") - 1 / 6.0) < 0.05)
      #expect(abs(try number("principal_angle inputs 1") - acos(1 / 6.0.squareRoot())) < 0.05)
      #expect(one["principal_angle inputs 1"]?[2] == "rotated")
      let all = try values(in: folder)
      #expect(all["principal_angle outputs 6"] != nil && all["principal_angle outputs 7"] == nil)
      #expect(all["overlap outputs"].flatMap { Double($0[0]) }.map { abs($0 - 1) < 1e-9 } == true)
      let bare = try values("--draws", "0", in: folder)
      #expect(bare["singular_value change 1"]?[2] == "")
    }
  }

  @Test func `nothing changed is undefined with a reason`() throws {
    try withTemporaryFolder { folder in
      try write(in: folder, rank: 0)
      let same = try values(in: folder)
      #expect(same["effective_rank change"]?.prefix(2) == ["", "all values are zero"])
      #expect(same["numerical_rank change"]?.prefix(2) == ["", "nothing changed"])
      #expect(same["intruders outputs"]?[0] == "0")
      #expect(try runAnamorph(["diff", "a.h5", "b.h5", "--spectrum"], in: folder).status == 0)
    }
  }

  @Test(arguments: [true, false])
  func `a change of low rank is said to be one, with how that was decided`(
    withSpectrum: Bool
  ) throws {
    try withTemporaryFolder { folder in
      var generator = SeededGenerator(seed: 1, "low rank")
      let (rows, columns) = (40, 24)
      let kernel = generator.normals(rows * columns).map(Float.init)
      let (left, right) = (generator.normals(rows * 2), generator.normals(columns * 2))
      func write(_ name: String, _ kernel: [Float], bias: Float = 1) throws {
        try Checkpoint.write(
          to: "\(folder)/\(name).h5", architecture: nil,
          parameters: [
            NamedTensor(
              layer: "query", role: .kernel, tensor: Tensor(shape: [rows, columns], values: kernel)),
            NamedTensor(
              layer: "query", role: .bias, tensor: Tensor(shape: [columns], repeating: bias)),
          ])
      }
      func change(_ index: Int) -> Float {
        let (i, j) = (index / columns, index % columns)
        return Float(left[i] * right[j] + left[rows + i] * right[columns + j])
      }
      let merged = kernel.enumerated().map { $1 + change($0) }
      try write("a", kernel)
      try write("b", merged)
      let options = withSpectrum ? ["--spectrum"] : []
      let text = try runAnamorph(["diff", "a.h5", "b.h5"] + options, in: folder).output
      #expect(
        text.contains(
          "Low-rank change, as merged adapters (LoRA) leave: 1 changed kernels differ by matrices of "
            + "rank 2, their smaller sides being 24;"))
      let json = try JSON(
        parsing: runAnamorph(["diff", "a.h5", "b.h5", "--format", "json"] + options, in: folder)
          .output)
      #expect(json["low_rank"]?["kernels"]?[0]?["rank"] == 2)
      // Other training moves biases too, and then kernels are only looked at when asked.
      try write("b", merged, bias: 2)
      let other = try runAnamorph(["diff", "a.h5", "b.h5"] + options, in: folder).output
      #expect(other.contains("Low-rank change") == withSpectrum)
      try write("b", kernel.map { $0 * $0 })
      #expect(
        !(try runAnamorph(["diff", "a.h5", "b.h5"] + options, in: folder).output)
          .contains("Low-rank change"))
    }
  }

  @Test func `large kernels are compared by their leading directions, and what lacks is said`()
    throws
  {
    try withTemporaryFolder { folder in
      try write(in: folder)
      let all = try values("--top", "2", in: folder)
      let part = try values("--top", "2", "--complete", "3", in: folder)
      for name in [
        "singular_value before 2", "singular_value change 1", "principal_angle inputs 1",
        "overlap outputs",
      ] {
        let (a, b) = (Double(try #require(all[name])[0]), Double(try #require(part[name])[0]))
        #expect(try abs(#require(a) - (try #require(b))) < 1e-9)
      }
      #expect(part["singular_value before 3"] == nil)
      #expect(part["intruders inputs"]?[1].hasPrefix("needs every singular vector") == true)
      #expect(part["effective_rank change"]?[1].hasPrefix("only the 2 largest") == true)
      #expect(part["singular_value change 1"]?[2] == "edge")
      #expect(part["principal_angle inputs 1"]?[2] == "random")
    }
  }

  @Test func `layouts with outputs first give the same numbers`() throws {
    let folder = URL(filePath: checkpoint("x")).deletingLastPathComponent()
    func rows(_ a: String, _ b: String) throws -> Set<[String]> {
      let output = try runAnamorph(
        [
          "diff", a, b, "--spectrum", "--draws", "0", "--format", "csv", "--exclude",
          "num_batches_tracked",
        ], in: folder.path(percentEncoded: false)
      ).output
      // Matrix, quantity, of what, number and value, whatever the layer is called.
      return Set(
        CSV.rows(of: output).dropFirst().filter { $0[4] == "singular_value" && $0[5] != "change" }
          .map { row in
            let value = Double(row[7]).map { String(($0 * 1e9).rounded()) }
            return Array(row[3...6]) + [value ?? ""]
          })
    }
    let keras = try rows("torch_as_keras.h5", "torch.safetensors")
    #expect(try keras == rows("torch.safetensors", "torch_groups.h5"))
    #expect(Set(keras.map { $0[0] }).contains("9×3"))
  }

  @Test func `wrong numbers of directions or files are usage errors`() throws {
    let a = checkpoint("base")
    #expect(try runAnamorph(["diff", a, a, "--spectrum", "--top", "0"]).status == 64)
    #expect(try runAnamorph(["diff", a, a, "--spectrum", "--draws=-1"]).status == 64)
    #expect(try runAnamorph(["diff", a, a, a, "--spectrum"]).status == 64)
    #expect(
      try runAnamorph(["diff", checkpoint("base"), checkpoint("nan"), "--spectrum"]).output
        .contains("NaN or infinities"))
  }
}
