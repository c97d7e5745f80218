// Serves one network to `Benchmarks/networks.py`, which asks for one batch at a time so that several
// tools are measured in turn:
//
//   network-speed FOLDER NETWORK f32|exact|bf16 BATCH THREADS
//
// FOLDER holds NETWORK.parameters (Float32, in the order of the graph), NETWORK.features and
// images.f32 (channels-last). Says `ready SECONDS ERROR MEDIAN` (start-up; largest error by the
// largest feature; median relative error), then answers every line `run` with the seconds of a
// batch, and `memory` with the most memory there ever was, in MiB.

import Checkpoints
import Foundation
import Networks

func numbers(_ path: String) throws -> [Float] {
  try Data(contentsOf: URL(fileURLWithPath: path)).withUnsafeBytes {
    Array($0.bindMemory(to: Float.self))
  }
}

func seconds(_ body: () throws -> Void) rethrows -> Double {
  try ContinuousClock().measure(body) / .seconds(1)
}

func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

let arguments = CommandLine.arguments
guard arguments.count == 6, let measured = MeasuredNetwork(rawValue: arguments[2]),
  ["f32", "exact", "bf16"].contains(arguments[3]), let batch = Int(arguments[4]), batch > 0,
  let threads = Int(arguments[5]), threads > 0
else {
  FileHandle.standardError.write(
    Data("usage: network-speed FOLDER NETWORK f32|exact|bf16 BATCH THREADS\n".utf8))
  exit(64)
}
let folder = arguments[1]
var made: InferenceExecutor?
let start = try seconds {
  let parameters = try numbers("\(folder)/\(measured.rawValue).parameters")
  let graph = try measured.graph()
  var place = 0
  let tensors = graph.parameters.map { slot in
    defer { place += slot.count }
    return Tensor(shape: slot.shape, values: Array(parameters[place..<place + slot.count]))
  }
  precondition(place == parameters.count, "\(parameters.count) parameters, \(place) slots")
  made = try InferenceExecutor(
    Network(graph, parameters: tensors), taps: [graph.penultimate], batchSize: batch,
    threads: threads, precision: arguments[3] == "bf16" ? .bfloat16 : .float32,
    isExact: arguments[3] == "exact")
  try made?.prepare(for: batch)
}
guard let executor = made else { exit(70) }
let size = executor.graph.inputShape.reduce(1, *)
let expected = try numbers("\(folder)/\(measured.rawValue).features")
let images = try numbers("\(folder)/images.f32")
let examples = min(images.count / size, batch)
let inputs = (0..<batch).flatMap { images[$0 % examples * size..<($0 % examples + 1) * size] }
let features = try inputs.withUnsafeBufferPointer { inputs in
  try executor.run(inputs) { Array($0[0].prefix(examples * executor.taps[0].size)) }
}
let pairs = Array(zip(features, expected))
let largest = pairs.reduce(0) { max($0, abs($1.1)) }
let error = pairs.reduce(0) { max($0, abs($1.0 - $1.1)) } / largest
let relative = pairs.filter { $0.1 != 0 }.map { abs($0.0 - $0.1) / abs($0.1) }.sorted()
say("ready \(start) \(error) \(relative[relative.count / 2])")
while let line = readLine() {
  switch line {
  case "run":
    let time = try seconds {
      try inputs.withUnsafeBufferPointer { inputs in try executor.run(inputs) { _ in } }
    }
    say("\(time)")
  case "memory":
    let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") } ?? ""
    say("\((Int(line.filter(\.isNumber)) ?? 0) / 1024)")
  default: exit(0)
  }
}
