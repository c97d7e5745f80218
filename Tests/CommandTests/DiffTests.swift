import Checkpoints
import TestSupport
import Testing

@Suite struct DiffTests {
  @Test(arguments: [
    ("base", "base", 0), ("base", "session", 0), ("base", "reordered", 0),
    ("keras2_conv_adam", "keras2_conv_weights", 0), ("base", "statistics", 1),
    ("base", "replaced_head", 1), ("base", "inserted", 1), ("inserted", "base", 1),
    ("base", "nan", 1), ("nan", "nan", 0), ("base", "keras0", 1),
    ("keras3_legacy", "keras3.weights", 0),
    ("missing", "base", 2),
  ])
  func `the exit status says whether anything differs`(a: String, b: String, status: Int32) throws {
    for format in ["text", "csv", "json"] {
      let result = try runAnamorph(["diff", checkpoint(a), checkpoint(b), "--format", format])
      #expect(result.status == status)
      #expect(result.error.isEmpty == (status != 2))
      #expect(result.output.isEmpty == (status == 2))
    }
  }

  @Test func `the summary follows the table`() throws {
    let result = try runAnamorph(["diff", checkpoint("base"), checkpoint("statistics")])
    #expect(
      result.output.contains(
        "\nOnly batch-normalisation statistics changed: 2 of 10 parameters.\n"))
    // moving_mean and moving_variance go from 1 to 2 in three places.
    let row = try #require(result.lines.first { $0.contains("moving_variance") })
    #expect(row.contains("name") && row.contains("changed") && row.contains("100.00%"))
    #expect(row.contains(" 1.000 "))
  }

  @Test func `left-overs and other shapes are listed`() throws {
    let inserted = try runAnamorph(["diff", checkpoint("base"), checkpoint("inserted")])
    #expect(inserted.lines.filter { $0.contains("only in the second") }.count == 3)
    let replaced = try runAnamorph(["diff", checkpoint("base"), checkpoint("replaced_head")])
    #expect(replaced.output.contains("3×2 → 3×7"))
    #expect(replaced.output.contains("Only the head changed, as a linear probe does: layer head;"))
  }

  @Test func `json carries reasons where numbers are undefined`() throws {
    let json = try JSON(
      parsing: runAnamorph([
        "diff", "--format", "json", checkpoint("base"), checkpoint("replaced_head"),
      ]).output)
    #expect(json["same"] == false)
    #expect(json["extent"] == "headOnly")
    let head = try #require(json["parameters"]?.array?.first { $0["status"] == "other shape" })
    #expect(head["cosine"]?.isNull == true)
    #expect(head["cosine_reason"] == "the shapes differ")
  }

  @Test func `a tolerance forgives small changes`() throws {
    try withTemporaryFolder { folder in
      for (name, value) in [("a", 1), ("b", 1.25)] as [(String, Float)] {
        try Checkpoint.write(
          to: "\(folder)/\(name).h5", architecture: nil,
          parameters: [
            NamedTensor(layer: "x", role: .kernel, tensor: Tensor(shape: [1], values: [value]))
          ])
      }
      func status(_ arguments: String...) throws -> Int32 {
        try runAnamorph(["diff", "a.h5", "b.h5"] + arguments, in: folder).status
      }
      #expect(try status() == 1)
      #expect(try status("--tolerance", "0.25") == 0)
      #expect(try status("--tolerance", "0.2") == 1)
      #expect(try status("--tolerance=-1") == 64)
    }
  }

  @Test func `more than two files are a trajectory`() throws {
    let files = ["base", "session", "statistics"].map(checkpoint)
    let text = try runAnamorph(["diff"] + files)
    #expect(text.status == 1 && text.error.isEmpty)
    #expect(text.lines[0].hasPrefix("w₀: ") && text.lines[2].hasPrefix("step  file"))
    #expect(text.output.contains("Totals are over the 10 of 10 parameters"))
    let csv = try runAnamorph(["diff", "--format", "csv"] + files)
    let rows = csv.output.split(separator: "\r\n")
    #expect(rows.count == 1 + 2 * (1 + 4 + 10))
    #expect(
      rows[0].hasPrefix("level,step,file,layer,role,parameter,parameter_after,matched_by,shape,"))
    #expect(rows[1].hasPrefix("checkpoint,1,\(checkpoint("session")),,"))
    let json = try JSON(parsing: runAnamorph(["diff", "--format", "json"] + files).output)
    #expect(json["steps"]?.array?.count == 2 && json["points"]?.array?.count == 30)
    #expect(try runAnamorph(["diff", files[0], files[1], files[0]]).status == 0)
    let partial = try runAnamorph(["diff", files[0], checkpoint("replaced_head"), files[1]])
    #expect(
      partial.output.contains("without a partner of the same shape in it: head kernel, head bias;"))
    #expect(try runAnamorph(["diff", files[0], files[1], checkpoint("missing")]).status == 2)
  }

  @Test func `maps, prefixes and exclusions are taken, wrong ones refused`() throws {
    func status(_ arguments: String...) throws -> Int32 {
      try runAnamorph(["diff", checkpoint("base"), checkpoint("statistics")] + arguments).status
    }
    #expect(try status("--exclude", "moving_*") == 0)
    #expect(try status("--exclude", "norm", "--exclude", "head") == 0)
    #expect(try status("--map", "first=first") == 1)
    #expect(try status("--map", "nothing=first") == 2)
    #expect(try status("--map", "first") == 64)
    #expect(try status("--strip-prefix", "fir") == 1)
  }

  @Test(arguments: [
    (["--exclude", "hed"], "--exclude 'hed': matches no parameter of any file"),
    (["--exclude", "norm", "--exclude", "hed*"], "--exclude 'hed*': matches no parameter"),
    (["--exclude", "*"], "leaves no parameter, so nothing was compared"),
    (["--map", "first=fist"], "fist: --map names it, but no parameter"),
    (["--strip-prefix", "module."], "--strip-prefix 'module.': no name of a layer begins so"),
  ])
  func `an option that does nothing is no comparison`(arguments: [String], words: String) throws {
    for files in [["base", "base"], ["base", "statistics", "base"]] {
      let result = try runAnamorph(["diff"] + files.map(checkpoint) + arguments)
      #expect(result.status == 2 && result.output.isEmpty)
      #expect(result.error.contains(words), "\(result.error)")
      #expect(result.error.split(separator: "\n").count == 1)
    }
  }

  @Test func `every quantity is there for layers too`() throws {
    let json = try JSON(
      parsing: runAnamorph([
        "diff", "--format", "json", archive("unquantized"), archive("quantized"),
      ]).output)
    let rows = try #require(json["parameters"]?.array)
    let head = try #require(rows.first { $0["level"] == "layer" && $0["layer"] == "head" })
    #expect(head["type_before"] == "float32" && head["type_after"] == "int8, float32")
    #expect(head["type_changes"]?.int == 1 && head["shape_changes"]?.int == 0)
    #expect(head["largest_ulps"]?.int ?? 0 > 0 && head["non_finite_after"]?.int == 0)
    let bias = try #require(
      rows.first { $0["level"] == "parameter" && $0["role"] == "bias" && $0["layer"] == "head" })
    #expect(bias["type_changes"]?.int == 0 && bias["status"] == "same")
    let scales = rows.filter { $0["status"] == "only in the second" }
    #expect(
      scales.compactMap { $0["role"]?.string } == [
        "embeddings_scale", "kernel_scale", "kernel_scale",
      ])
    #expect(
      scales.allSatisfy { $0["type_after"] == "float32" && $0["type_before"]?.isNull == true })
  }

  private func archive(_ name: String) -> String { checkpoint(name).dropLast(3) + ".keras" }

  @Test func `a layer whose shapes all changed has a row`() throws {
    let result = try runAnamorph([
      "diff", "--format", "csv", checkpoint("base"), checkpoint("replaced_head"),
    ])
    let lines = result.output.split(separator: "\r\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    let row = try #require(lines.first { $0.starts(with: ["layer", "head"]) })
    let names = try #require(lines.first)
    let shapes = try #require(names.firstIndex(of: "shape_changes"))
    let status = try #require(names.firstIndex(of: "status"))
    #expect(row[shapes] == "2" && row[status] == "other shape")
  }
}
