import Checkpoints
import Foundation
import Networks
import TestSupport
import Testing

/// A small network of a family with the features that its framework computes, as
/// `Fixtures/StateDictionaries/make_fixtures.py` wrote it; parameters and images are numbers that
/// follow from their names.
struct StateDictionaryFixture {
  let title: String
  let size: Extent
  let arrays: [(name: String, shape: [Int])]
  let features: [Float]
  let width: Int
  let json: JSON

  static var names: [String] {
    let folder = fixture("StateDictionaries")
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return files.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
  }

  init(_ name: String) throws {
    json = try JSON(
      parsing: String(
        contentsOf: URL(filePath: fixture("StateDictionaries/\(name).json")), encoding: .utf8))
    title = try #require(json["title"]?.string)
    size = Extent(try #require(json["size"]?[0]?.int), try #require(json["size"]?[1]?.int))
    arrays = try #require(json["arrays"]?.array).map { array in
      (try #require(array[0]?.string), (array.array ?? []).dropFirst().compactMap(\.int))
    }
    width = try #require(json["width"]?.int)
    features = try #require(json["features"]?.array).compactMap(\.double).map { Float($0) }
  }

  /// The options with which the reference was computed.
  var options: StateDictionaryArchitecture.Options {
    var options = StateDictionaryArchitecture.Options()
    options.imageSize = size
    options.family = json["family"]?.string
    options.includesProjection = json["projection"]?.bool ?? true
    options.interpolatesPositions = json["interpolate"]?.bool ?? false
    return options
  }

  /// The images, channels last.
  var images: [Float] {
    let count = features.count / width
    return Self.uniform("images", count * size.height * size.width * 3).map { Float($0) }
  }

  /// Writes the network as a `.safetensors` file, its arrays under other names if wanted.
  func write(to path: String, renaming: (String) -> String = { $0 }) throws {
    var header: [String: JSON] = [:]
    var bytes: [UInt8] = []
    for (name, shape) in arrays {
      let isCount = name.hasSuffix("num_batches_tracked")
      let start = bytes.count
      if isCount {
        bytes += [UInt8](repeating: 0, count: 8)
      } else {
        values(name, shape).withUnsafeBytes { bytes += $0 }
      }
      header[renaming(name)] = [
        "dtype": isCount ? "I64" : "F32", "shape": .array(shape.map { .number(Double($0)) }),
        "data_offsets": [.number(Double(start)), .number(Double(bytes.count))],
      ]
    }
    let text = Array(JSON.object(header).text().utf8)
    var file = Data()
    withUnsafeBytes(of: UInt64(text.count).littleEndian) { file.append(contentsOf: $0) }
    file.append(contentsOf: text)
    file.append(contentsOf: bytes)
    try file.write(to: URL(filePath: path))
  }

  /// Numbers between −1 and 1 for a name: FNV-1a of the name, then SplitMix64.
  static func uniform(_ name: String, _ count: Int) -> [Double] {
    var state: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in name.utf8 { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return (0..<count).map { _ in
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      z ^= z >> 31
      return Double(z >> 40) / 8_388_608 - 1
    }
  }

  /// The array called `name`, by what its name and rank say it is.
  private func values(_ name: String, _ shape: [Int]) -> [Float] {
    let last = name.split(separator: ".").last ?? ""
    let count = shape.reduce(1, *)
    var (scale, offset) = (0.3, 0.0)
    switch last {
    case "running_var":
      let variance = json["variance"]?.double ?? 1
      return Self.uniform(name, count).map { Float(variance * (1 + 0.5 * $0)) }
    case "running_mean": scale = 0.2
    case "layer_scale", "gamma": (scale, offset) = (0.2, 0.4)
    case _ where last == "bias" || last.hasSuffix("_bias"): scale = 0.1
    case "weight" where shape.count <= 1: (scale, offset) = (0.3, 1)
    case _ where last.hasSuffix("weight") && !name.contains("embedding"):
      scale = (4 / Double(shape.dropFirst().reduce(1, *))).squareRoot()
    default: break
    }
    return Self.uniform(name, count).map { Float(offset + scale * $0) }
  }
}
