import Checkpoints
import Datasets
import Foundation
import HDF5
import Testing

@Suite struct TrainCommandTests {
  @Test func `from pretraining to what fine-tuning did`() throws {
    try Workbench.run { bench in
      try bench.train()
      let probe = try bench.anamorph(
        "train", "lp", "--from", "pre.h5", "--data", "id.h5", "-o", "lp.h5", "--format", "csv")
      #expect(probe.status == 0)
      #expect(probe.output.hasPrefix("regularisation,validation_accuracy,objective,"))
      #expect(probe.output.split(separator: "\r\n").count == 14)
      #expect(probe.error.hasPrefix("lp.h5: lp, "))
      let both = try bench.anamorph(
        "train", "lp-ft", "--from", "pre.h5", "--data", "id.h5", "--rates", "0.001", "0.01",
        "--epochs", "3", "-o", "lp-ft.h5", "--quiet")
      #expect(both.status == 0 && both.error == "")

      let parent = try Checkpoint.open(bench.path("pre.h5")).digest()
      for (name, method) in [("lp", "lp"), ("ft", "ft"), ("lp-ft", "lp-ft")] {
        let json = try JSON(
          parsing: bench.anamorph("inspect", "\(name).h5", "--format", "json").output)
        #expect(json["training"]?["method"]?.string == method)
        #expect(json["training"]?["seed"] == 0)
        #expect(json["parent_digest"]?.string == parent)
        #expect((json["training"]?["optimizer"] == nil) == (name == "lp"))
      }
      let pretrained = try Checkpoint.open(bench.path("pre.h5"))
      #expect(pretrained.training?["optimizer"]?["name"] == "adam")

      let headOnly = try bench.anamorph("diff", "pre.h5", "lp.h5")
      #expect(headOnly.status == 1)
      #expect(
        headOnly.output.contains("Only the head changed, as a linear probe does: layer head."))
      let everything = try bench.anamorph("diff", "pre.h5", "ft.h5")
      #expect(everything.status == 1 && !everything.output.contains("Only the head changed"))
    }
  }

  @Test func `features are written as our own reader wants them`() throws {
    try Workbench.run { bench in
      try bench.train()
      let result = try bench.anamorph("features", "ft.h5", "--data", "ood.h5", "-o", "f.h5")
      #expect(result.status == 0 && result.output == "")
      let file = try FeatureFile.open(bench.path("f.h5"))
      #expect(file.features.count == 90 && file.features.exampleShape == [5])
      #expect(file.features.labels == (0..<90).map { $0 % 3 })
      #expect(file.provenance.checkpoint == "ft.h5" && file.provenance.set == "ood.h5")
      #expect(
        file.provenance.checkpointDigest == (try Checkpoint.open(bench.path("ft.h5")).digest()))
      #expect(try file.features.values(0..<90).contains { $0 > 0 })
      let named = try bench.anamorph(
        "features", "ft.h5", "--data", "ood.h5", "--at", "hidden1", "-o", "g.h5", "--quiet")
      #expect(named.status == 0 && named.error == "")
      #expect(try FeatureFile.open(bench.path("g.h5")).features.exampleShape == [8])
    }
  }

  @Test func `a comparison of checkpoints fills a run directory and ends with verdicts`() throws {
    try Workbench.run { bench in
      try bench.train()
      let result = try bench.anamorph(
        "distortion", "--before", "pre.h5", "--after", "ft.h5", "--id", "id.h5", "--ood", "ood.h5",
        "-o", "run")
      #expect(result.status == 0)
      // All but two coordinates are zero, so most of the first layer must not have moved.
      #expect(result.output.contains("2 of 6"))
      #expect(result.output.contains("supported     The first layer changes only within the span"))
      #expect(bench.exists("run/run.json"))
      let record = try JSON(
        parsing: String(contentsOfFile: bench.path("run/run.json"), encoding: .utf8))
      #expect(record["command"] == "distortion" && record["optimizer"] == "sgd")
      for table in ["features", "weights", "verdicts", "heads", "dictionary"] {
        #expect(bench.exists("run/tables/\(table).csv"))
      }
      let again = try bench.anamorph(
        "distortion", "--before", "pre.h5", "--after", "ft.h5", "--id", "id.h5", "--ood", "ood.h5",
        "--quiet")
      #expect(again.output == result.output)
    }
  }

  @Test func `sets of one name in two folders stay apart`() throws {
    try Workbench.run { bench in
      try bench.train()
      try FileManager.default.createDirectory(
        atPath: bench.path("other"), withIntermediateDirectories: false)
      try bench.writeSet("other/id", shift: 2)
      let json = try JSON(
        parsing: bench.anamorph(
          "distortion", "--before", "pre.h5", "--after", "ft.h5", "--id", "id.h5", "--ood",
          "other/id.h5", "--ood", "other/id.h5", "--format", "json"
        ).output)
      let sets = Set(json["features"]?.array?.compactMap { $0["set"]?.string } ?? [])
      #expect(sets == ["id.h5", "other/id.h5 (2)", "other/id.h5 (3)"])
    }
  }

  @Test func `the same seed writes the same digest`() throws {
    try Workbench.run { bench in
      try bench.train()
      let first = try Checkpoint.open(bench.path("ft.h5")).digest()
      try bench.train()
      #expect(try Checkpoint.open(bench.path("ft.h5")).digest() == first)
    }
  }

  @Test(arguments: [
    ["train"], ["train", "lp"], ["train", "ft", "--from", "a", "--data", "b"],
    ["train", "ft", "--from", "a", "--data", "b", "-o", "c", "--rates", "0"],
    ["train", "ft", "--from", "a", "--data", "b", "-o", "c", "--epochs", "0"],
    ["train", "ft", "--from", "a", "--data", "b", "-o", "c", "--momentum", "1"],
    ["train", "ft", "--from", "a", "--data", "b", "-o", "c", "--optimizer", "lion"],
    ["train", "ft", "--from", "a", "--data", "b", "-o", "c", "--seed", "-1"],
    ["train", "ft", "--from", "a", "--data", "b", "-o", "c", "--validation-share", "1"],
    ["train", "pretrain", "--data", "b", "-o", "c"],
    ["train", "pretrain", "--data", "b", "-o", "c", "--hidden", "0"],
    ["features", "a", "-o", "c"], ["features", "a", "--data", "b", "-o", "c", "--threads", "0"],
    ["features", "a", "--data", "b", "-o", "c", "--preprocess", "sideways"],
    ["distortion", "--before", "a", "--after", "b", "--id", "c"],
    [
      "distortion", "--before", "a", "--after", "b", "--id", "c", "--ood", "d", "--ood-labels", "e",
      "--ood-labels", "f",
    ],
    ["verify", "--seeds", "0"], ["verify", "--seeds", "9223372036854775807"],
    ["verify", "--seed", "9223372036854775807"], ["verify", "--require", "nothing"],
    ["verify", "--threads", "0"], ["verify", "--format", "xml"],
  ])
  func `what cannot be meant is a usage error`(_ arguments: [String]) throws {
    let result = try anamorph(arguments)
    // `train` alone shows what there is.
    if arguments == ["train"] {
      #expect(result.status == 0)
    } else {
      #expect(result.status == 64)
      #expect(result.output == "")
      #expect(result.error.contains("Usage: anamorph \(arguments[0])"))
    }
  }

  @Test func `a reader that stops early is no error`() throws {
    try Workbench.run { bench in
      try bench.train()
      let process = Process()
      process.executableURL = URL(filePath: "/bin/sh")
      process.arguments = [
        "-c",
        """
        { "$0" distortion --before pre.h5 --after ft.h5 --id id.h5 --ood ood.h5 --format json; \
        echo $? >status; } | head -c 1 >/dev/null
        """, builtCommand.path(percentEncoded: false),
      ]
      process.currentDirectoryURL = URL(filePath: bench.folder)
      let errors = Pipe()
      process.standardError = errors
      try process.run()
      let said = errors.fileHandleForReading.readDataToEndOfFile()
      process.waitUntilExit()
      #expect(said.isEmpty, "\(String(decoding: said, as: UTF8.self))")
      #expect(try String(contentsOfFile: bench.path("status"), encoding: .utf8) == "0\n")
    }
  }
}
