// Measures for `script/bench` what no command does alone:
//
//   geometry-speed angles FILE ROWS COLUMNS ROUNDS   principal angles of the two ROWS × COLUMNS
//                                                    matrices (Float64, row by row) in FILE: the
//                                                    median seconds, then the angles
//   geometry-speed inputs CHECKPOINT EXAMPLES N,…    processor seconds per example of a network's
//                                                    forward pass, of one that records the inputs of
//                                                    weight layers, of one that adds them to second
//                                                    moments, and of that with N sampled positions

import Checkpoints
import Foundation
import Geometry
import Hypothesis
import LinearAlgebra
import Networks
import Randomness

func processorSeconds(_ body: () throws -> Void) rethrows -> Double {
  var (start, end) = (timespec(), timespec())
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start)
  try body()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end)
  return Double(end.tv_sec - start.tv_sec) + 1e-9 * Double(end.tv_nsec - start.tv_nsec)
}

func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

func angles(_ path: String, _ rows: Int, _ columns: Int, _ rounds: Int) throws {
  let values = try Data(contentsOf: URL(fileURLWithPath: path)).withUnsafeBytes {
    Array($0.bindMemory(to: Double.self))
  }
  let size = rows * columns
  guard values.count == 2 * size else { throw CocoaError(.fileReadCorruptFile) }
  let (a, b) = (
    Matrix(rows: rows, columns: columns, values: Array(values[..<size])),
    Matrix(rows: rows, columns: columns, values: Array(values[size...]))
  )
  var found: [Double] = []
  var times: [Double] = []
  for _ in 0..<rounds {
    times.append(
      try ContinuousClock().measure { found = try principalAngles(between: a, and: b) }
        / .seconds(1))
  }
  say("\(times.sorted()[rounds / 2])")
  say(found.map { "\($0)" }.joined(separator: " "))
}

func inputs(_ path: String, _ examples: Int, _ samples: [Int]) throws {
  LinearAlgebraThreads.use(1)
  let network = try Network(try Checkpoint.open(path))
  let threads = ProcessInfo.processInfo.activeProcessorCount
  let batch = min(32, examples)
  var generator = SeededGenerator(seed: 1, "images")
  let images = (0..<batch * network.graph.inputShape.reduce(1, *)).map { _ in
    Float.random(in: -2...2, using: &generator)
  }
  let layers = network.graph.weightLayers
  var taps: [Tap] = []
  for layer in layers where !taps.contains(layer.inputTap) { taps.append(layer.inputTap) }
  func report(_ name: String, taps: [Tap], _ gathered: LayerInputs?) throws {
    let executor = try InferenceExecutor(network, taps: taps, batchSize: batch, threads: threads)
    func pass() throws {
      try images.withUnsafeBufferPointer { images in
        try executor.run(images) { values in try gathered?.add(values, examples: batch) }
      }
    }
    try pass()
    let rounds = max(1, examples / batch)
    let time = try processorSeconds { for _ in 0..<rounds { try pass() } }
    say("\(name) \(time / Double(rounds * batch))")
  }
  try report("forward", taps: [network.graph.penultimate], nil)
  try report("recorded", taps: taps, nil)
  for sample in [nil] + samples.map(Optional.some) {
    let gathered = LayerInputs(
      layers, taps: taps, fixedNodes: [0],
      settings: LayerInputs.Settings(sampledPositions: sample), threads: threads)
    try report(sample.map { "sampled-\($0)" } ?? "moments", taps: taps, gathered)
  }
}

let arguments = Array(CommandLine.arguments.dropFirst())
let numbers = arguments.dropFirst(2).map { $0.split(separator: ",").compactMap { Int($0) } }
if arguments.first == "angles", arguments.count == 5, numbers.allSatisfy({ $0.count == 1 }) {
  try angles(arguments[1], numbers[0][0], numbers[1][0], max(1, numbers[2][0]))
} else if arguments.first == "inputs", arguments.count == 4, numbers[0].count == 1 {
  try inputs(arguments[1], max(1, numbers[0][0]), numbers[1].filter { $0 > 0 })
} else {
  FileHandle.standardError.write(
    Data("usage: geometry-speed angles FILE ROWS COLUMNS ROUNDS\n".utf8))
  FileHandle.standardError.write(
    Data("       geometry-speed inputs CHECKPOINT EXAMPLES N,…\n".utf8))
  exit(64)
}
