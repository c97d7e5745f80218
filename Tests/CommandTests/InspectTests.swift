import Checkpoints
import Foundation
import HDF5
import TestSupport
import Testing

@Suite struct InspectTests {
  @Test func `layers come in model order with shapes, types and totals`() throws {
    let result = try runAnamorph(["inspect", checkpoint("keras2_conv_adam")])
    #expect(result.status == 0)
    #expect(result.error == "")
    #expect(result.lines[0].hasSuffix("keras2_conv_adam.h5: Keras whole model (legacy HDF5)"))
    #expect(
      result.lines[1] == "recognised by: layer_names in model_weights, model_config at the top")
    #expect(result.lines[3].hasPrefix("optimizer: Adam, learning_rate 0.001, beta_1 0.9"))
    let layers = result.lines.drop { !$0.hasPrefix("layer ") }.dropFirst().prefix { $0 != "" }
      .map { $0.prefix { $0 != " " } }
    #expect(
      layers == [
        "conv", "conv", "norm", "norm", "norm", "norm", "relu", "flatten", "head", "head",
      ])
    #expect(result.output.contains("total: 5 layers, 8 parameters, 478 values, 1.87 KiB"))
  }

  @Test func `statistics count what is not a number`() throws {
    let result = try runAnamorph(["inspect", "--stats", "--format", "csv", checkpoint("nan")])
    let rows = result.output.split(separator: "\r\n").map {
      $0.split(separator: ",", omittingEmptySubsequences: false)
    }
    let column = try #require(rows[0].firstIndex(of: "nan"))
    #expect(rows.dropFirst().map { $0[column] } == ["1"] + [Substring](repeating: "0", count: 9))
  }

  @Test func `json holds everything and the digest`() throws {
    let json = try JSON(
      parsing: runAnamorph([
        "inspect", "--stats", "--format", "json", checkpoint("keras2_nested_sgd"),
      ])
      .output)
    #expect(json["layout"] == "kerasLegacyModel")
    #expect(json["optimizer"]?["name"] == "SGD")
    #expect(json["training_config"]?["loss"] == "mse")
    #expect(json["layer_count"] == 4)
    #expect(json["parameters"]?.array?.count == 13)
    #expect(json["parameters"]?[1]?["shape"] == "5×6")
    let digest = try Checkpoint.open(checkpoint("keras2_nested_sgd")).digest()
    #expect(json["digest"]?.string == digest)
  }

  @Test func `csv is the table and nothing else`() throws {
    let result = try runAnamorph(["inspect", "--format", "csv", checkpoint("keras2_conv_weights")])
    let rows = result.output.components(separatedBy: "\r\n")
    #expect(rows[0] == "layer,kind,parameter,role,shape,type,values,bytes")
    #expect(rows[1] == "conv,,conv/kernel:0,kernel,3×3×1×3,float32,27,108")
    #expect(rows.count == 12 && rows.last == "")
  }

  @Test func `kernels that cannot be used say so, and what was converted is noted`() throws {
    let state = try runAnamorph(["inspect", checkpoint("torch_flat")])
    #expect(state.output.contains("not usable as it is: its names are of no known family ("))
    let result = try runAnamorph(["inspect", checkpoint("keras1_theano")])
    #expect(result.status == 0)
    #expect(result.output.contains("note: converted from Keras 1: kernels turned by 180 degrees"))
  }

  @Test func `matrices have a spectral norm and ranks, others a reason`() throws {
    let json = try JSON(
      parsing: runAnamorph(["inspect", "--stats", "--format", "json", checkpoint("base")]).output)
    let rows = try #require(json["parameters"]?.array)
    let kernel = try #require(rows.first { $0["role"] == "kernel" })
    let (norm, sigma) = (
      try #require(kernel["norm"]?.double), try #require(kernel["spectral_norm"]?.double)
    )
    let stable = try #require(kernel["stable_rank"]?.double)
    #expect(abs(stable - norm * norm / sigma / sigma) < 1e-12 * stable)
    #expect(try #require(kernel["effective_rank"]?.double) >= 1)
    let bias = try #require(rows.first { $0["role"] == "bias" })
    #expect(bias["spectral_norm"]?.isNull == true)
    let damaged = try JSON(
      parsing: runAnamorph(["inspect", "--stats", "--format", "json", checkpoint("nan")]).output)
    #expect(damaged["parameters"]?[0]?["effective_rank_reason"] == "NaN or infinities")
  }

  @Test func `trouble is one line on standard error and status 2`() throws {
    try withTemporaryFolder { folder in
      try "text".write(toFile: folder + "/text.h5", atomically: true, encoding: .utf8)
      let cut = try #require(FileManager.default.contents(atPath: checkpoint("keras2_conv_adam")))
      try cut.prefix(9000).write(to: URL(filePath: folder + "/cut.h5"))
      let cases = [
        ("missing.h5", "no such file or folder"), (".", "a folder, not a file"),
        (
          "text.h5",
          "not an HDF5 file, but text; name the checkpoint itself, or the .index.json or "
            + ".weights.json of one in several files"
        ),
        ("cut.h5", "the file is cut short; copy or download it again"),
      ]
      for (name, reason) in cases {
        let result = try runAnamorph(["inspect", name], in: folder)
        #expect(result.status == 2)
        #expect(result.output == "")
        #expect(result.error == "anamorph: \(name): \(reason)\n")
      }
    }
  }

  @Test func `names with control characters neither colour the screen nor break lines`() throws {
    try withTemporaryFolder { folder in
      try File.create(folder + "/odd.h5") { root in
        try root.setAttribute("layer_names", ["a\u{1B}[31m\nb"])
        try root.setAttribute("keras_version", "2.0\u{1B}[2J")
        try root.createGroup("a\u{1B}[31m\nb").setAttribute("weight_names", ["x\ny"])
      }
      let trouble = try runAnamorph(["inspect", "odd.h5"], in: folder)
      #expect(trouble.status == 2)
      #expect(trouble.error == "anamorph: odd.h5: /a�[31m�b/x�y: no such object in the file\n")
      try File.create(folder + "/odd.h5") { root in
        try root.setAttribute("layer_names", ["a\u{1B}[31m\nb"])
        try root.setAttribute("keras_version", "2.0\u{1B}[2J")
        try root.createGroup("a\u{1B}[31m\nb").setAttribute("weight_names", [String]())
      }
      let shown = try runAnamorph(["inspect", "odd.h5"], in: folder)
      #expect(shown.status == 0, "\(shown.error)")
      #expect(!shown.output.contains("\u{1B}"))
      #expect(shown.lines.contains("a�[31m�b"))
    }
  }

  @Test func `a wrong argument is a usage error`() throws {
    #expect(try runAnamorph(["inspect"]).status == 64)
    #expect(try runAnamorph(["inspect", "x", "--format", "xml"]).status == 64)
  }

  @Test func `a reader that stops early is no error`() throws {
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/sh")
    shell.arguments = [
      "-c", "( sleep 0.3; \"$0\" inspect --stats \"$1\"; echo $? >&2 ) | true",
      builtCommand.path(percentEncoded: false), checkpoint("keras2_conv_adam"),
    ]
    let error = Pipe()
    shell.standardError = error
    try shell.run()
    let text = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    shell.waitUntilExit()
    #expect(text == "0\n")
  }
}
