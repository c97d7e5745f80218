import Checkpoints
import Foundation
import HDF5
import TestSupport
import Testing

@Suite struct VerifyCommandTests {
  private static let sample = URL(filePath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appending(components: "samples", "demo.json")

  /// Writes the first demonstration, made small, with other replacements as text.
  private func write(_ bench: Workbench, _ name: String, _ changes: [(String, String)] = [])
    throws
  {
    var text = try String(contentsOf: Self.sample, encoding: .utf8)
    let small = [
      ("\"training\": 1500", "\"training\": 120"), ("\"validation\": 1000", "\"validation\": 80"),
      ("\"test\": 3000", "\"test\": 90"), ("\"steps\": 4000", "\"steps\": 50"),
      ("\"epochs\": 40", "\"epochs\": 2"), ("0.03, 0.1, 0.3]", "0.03]"),
    ]
    for (old, new) in small + changes {
      try #require(text.contains(old), "\(old)")
      text = text.replacing(old, with: new)
    }
    try text.write(toFile: bench.path(name), atomically: true, encoding: .utf8)
  }

  @Test func `a run prints verdicts, fills its directory and is continued with the same bytes`()
    throws
  {
    try Workbench.run { bench in
      try write(bench, "e.json")
      let first = try bench.anamorph(
        "verify", "e.json", "--seeds", "2", "-o", "run", "--threads", "1")
      #expect(first.status == 0 && first.error == "")
      #expect(first.output.hasPrefix("demo: "))
      #expect(first.output.contains("Fine-tuning beats the linear probe in distribution."))
      #expect(bench.exists("run/run.json") && bench.exists("run/tables/verdicts.csv"))
      #expect(bench.exists("run/checkpoints/demo-seed-1-lp-ft.h5"))
      let table = try Data(contentsOf: URL(filePath: bench.path("run/tables/accuracy.csv")))
      let again = try bench.anamorph(
        "verify", "e.json", "--seeds", "2", "-o", "run", "--threads", "2")
      #expect(again.output == first.output)
      #expect(
        try Data(contentsOf: URL(filePath: bench.path("run/tables/accuracy.csv"))) == table)
      for format in ["csv", "json"] {
        let fresh = try bench.anamorph(
          "verify", "e.json", "--seeds", "2", "--format", format, "--threads", "2")
        let kept = try bench.anamorph(
          "verify", "e.json", "--seeds", "2", "--format", format, "-o", "run")
        #expect(fresh.output == kept.output && !fresh.output.isEmpty)
      }
    }
  }

  @Test func `a required claim that is not supported ends with status 1, after its results`() throws
  {
    try Workbench.run { bench in
      try write(bench, "e.json")
      // With one hidden layer there is no deeper one; the exact claim holds.
      let failed = try bench.anamorph(
        "verify", "e.json", "--seeds", "2", "--require", "first-layer-weights", "deeper-weights")
      #expect(failed.status == 1 && failed.output.hasPrefix("demo: "))
      let held = try bench.anamorph(
        "verify", "e.json", "--seeds", "2", "--require", "first-layer-weights")
      #expect(held.status == 0)
    }
  }

  @Test func `experiments that cannot be run are said in a line and leave no directory`() throws {
    try Workbench.run { bench in
      func expect(_ name: String, _ changes: [(String, String)], _ words: String) throws {
        try write(bench, name, changes)
        try bench.expectTrouble(["verify", name, "--seeds", "1", "-o", "run"], says: words)
      }
      try expect("1.json", [("\"classes\": 4,", "")], "1.json: task.subspace.classes: is missing")
      try expect(
        "2.json", [("\"classes\": 4", "\"classes\": \"4\"")],
        "2.json: task.subspace.classes: must be a whole number")
      try expect(
        "3.json", [("\"primaryOOD\": \"90°\"", "\"primaryOOD\": \"45°\"")], "3.json: primaryOOD: ")
      try expect(
        "4.json", [("\"hidden\": [24]", "\"hidden\": [4000000000]")], "4.json: layer 'hidden1': ")
      try expect("5.json", [("\"seeds\": 10", "\"seeds\": ten")], "5.json: ")
      try bench.expectTrouble(
        ["verify", "none.json", "-o", "run"], says: "none.json: no such file")
      try write(bench, "6.json")
      try bench.expectTrouble(
        ["verify", "6.json", "6.json", "-o", "run"],
        says: "6.json: name: 'demo' is also the name of 6.json")
      try bench.expectTrouble(["verify", "6.json", "-o", "id.h5"], says: "id.h5: ")
      try bench.expectTrouble(["verify", "6.json", "-o", "no/where"], says: "no/where: ")
    }
  }

  @Test func `an experiment on files names the file that is wrong`() throws {
    try Workbench.run { bench in
      try bench.train()
      try bench.writeSet("nan", damage: .nan)
      try bench.writeSet("wide", width: 7)
      func write(_ name: String, pretrained: String = "pre.h5", id: String = "id.h5") throws {
        try """
        {"name": "files", "title": "t", "task": {"files": {"pretrained": "\(pretrained)",
         "classes": 3, "training": {"set": "id.h5"}, "validation": {"set": "id.h5"},
         "id": {"set": "\(id)"}, "ood": [{"name": "far", "set": "ood.h5"}]}},
         "linearProbe": {"regularisation": [1, 0.1], "maximumIterations": 100},
         "fineTuning": {"optimizer": {"method": "sgd", "momentum": 0.9, "weightDecay": 0,
         "firstDecay": 0.9, "secondDecay": 0.999, "stability": 1e-8}, "learningRates": [0.01],
         "epochs": 2, "batchSize": 32, "schedule": "cosine", "batchNormalization": "train"},
         "primaryOOD": "far", "seeds": 2}
        """.write(toFile: bench.path(name), atomically: true, encoding: .utf8)
      }
      try write("good.json")
      let good = try bench.anamorph("verify", "good.json", "--require", "first-layer-weights")
      #expect(good.status == 0, "\(good.error)")
      try write("1.json", pretrained: "none.h5")
      try bench.expectTrouble(["verify", "1.json", "-o", "run"], says: "none.h5: no such file")
      try write("2.json", id: "nan.h5")
      try bench.expectTrouble(
        ["verify", "2.json", "-o", "run"], says: "nan.h5: example 5: holds NaN")
      try write("3.json", id: "wide.h5")
      try bench.expectTrouble(["verify", "3.json", "-o", "run"], says: "3.json: ")
    }
  }
}
