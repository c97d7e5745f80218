// Simulates what claims, intervals and nulls do, for `script/calibrate`:
//
//   calibrate FOLDER SEED PAIRS REPETITIONS [claims|intervals|nulls]… [setting=N]…
//
// Settings of intervals are numbered from 1; each gives the same numbers whichever others are taken,
// so that they can be simulated side by side. Writes verdict_rates.csv, coverage.csv and
// null_rates.csv into FOLDER, and prints them as Markdown.

import Calibration
import Foundation
import LinearAlgebra
import Reports

func say(_ line: String) { FileHandle.standardError.write(Data((line + "\n").utf8)) }

let arguments = CommandLine.arguments
guard arguments.count >= 5, let seed = UInt64(arguments[2]), let pairs = Int(arguments[3]),
  let repetitions = Int(arguments[4]), pairs > 1, repetitions > 1
else {
  say("usage: calibrate FOLDER SEED PAIRS REPETITIONS [claims|intervals|nulls]…")
  exit(64)
}
let folder = arguments[1]
let settings = arguments.dropFirst(5).compactMap { argument in
  argument.hasPrefix("setting=") ? Int(argument.dropFirst("setting=".count)) : nil
}
let named = Set(arguments.dropFirst(5).filter { !$0.hasPrefix("setting=") })
let parts = named.isEmpty ? ["claims", "intervals", "nulls"] : named
LinearAlgebraThreads.use(1)

func finish(_ table: Table, _ columns: [String]) throws {
  try Data(table.csv.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(table.name).csv"))
  print("## \(table.caption)\n")
  print(CalibrationTables.markdown(table, columns: columns))
}

if parts.contains("claims") {
  var rates: [VerdictRates] = []
  for setting in WeightStudy.settings {
    say("weights: \(setting.name)")
    let study = WeightStudy(setting, pairs: pairs, seed: seed)
    for effect in [0, 0.1, 0.3, 1] { rates += try study.rates(effect: effect) }
  }
  for setting in FeatureStudy.settings {
    say("features: \(setting.name)")
    let study = FeatureStudy(setting, pairs: pairs, seed: seed)
    for effect in [0, 0.25, 0.5, 1] { rates += try study.rates(effect: effect) }
  }
  for kind in HeadStudy.Kind.allCases {
    say("heads: \(kind.rawValue)")
    let study = HeadStudy(kind, pairs: pairs, seed: seed)
    for effect: Double in kind == .intact ? [0, 0.5, 1, 1.5] : [0, 1] {
      rates += try study.rates(effect: effect)
    }
  }
  for seeds in [3, 5, 10] {
    let study = SeedStudy(seeds: seeds, pairs: pairs, seed: seed)
    for effect in [0.0, 1, 3] { rates += study.rates(effect: effect) }
  }
  try finish(
    CalibrationTables.verdicts(rates),
    [
      "setting", "claim", "effect", "is_null", "supported", "error", "mixed", "unsupported",
      "not_testable", "is_kept",
    ])
}

if parts.contains("intervals") {
  var rows: [Coverage] = []
  for (place, (setting, withPairs)) in CoverageStudy.settings.enumerated()
  where settings.isEmpty || settings.contains(place + 1) {
    say("intervals: \(setting.name)")
    rows += try CoverageStudy(
      setting, repetitions: repetitions, seed: seed, withPairs: withPairs
    ).run()
  }
  try finish(
    CalibrationTables.coverage(rows),
    [
      "setting", "measure", "target", "truth", "mean", "deviation", "coverage", "error",
      "population", "expectation", "intervals", "is_kept",
    ])
}

if parts.contains("nulls") {
  var rows: [NullRate] = []
  for setting in NullStudy.settings {
    say("nulls: \(setting.name)")
    let study = NullStudy(setting, pairs: pairs, seed: seed)
    for effect in [0, 0.3] { rows += try study.rates(effect: effect) }
  }
  try finish(
    CalibrationTables.nulls(rows),
    ["setting", "measure", "method", "effect", "beyond", "error", "below", "above", "is_kept"])
}
