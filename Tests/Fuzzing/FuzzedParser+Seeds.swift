import CDeflate
import Foundation

extension FuzzedParser {
  /// Writes small inputs to begin from to `folder`: fixtures of the tests, and blocks made here.
  func writeSeeds(to folder: String) throws {
    for (index, seed) in try seeds().enumerated() where seed.count <= 1 << 16 {
      try seed.write(to: URL(filePath: "\(folder)/\(rawValue)-\(index)"))
    }
  }

  private func seeds() throws -> [Data] {
    switch self {
    case .archive: try fixtures("CheckpointsTests", [".npz", ".keras"])
    case .safetensors: try fixtures("CheckpointsTests", [".safetensors"])
    case .json:
      try fixtures("CheckpointsTests", [".json"])
        + [
          #"{"config":{"layers":[{"class_name":"Dense","config":{"units":4}}]},"x":[1e-3,NaN]}"#,
          #"["\u00e4\ud83d\ude00\n", -Infinity, true, false, null, 0.1, -0.0, 1e308]"#,
        ].map { Data($0.utf8) }
    case .numpy: try fixtures("DatasetsTests", [".npy"])
    case .set:
      try fixtures("DatasetsTests", [".npy", ".npz", "5.mat", "compressed.mat"]) + Self.idx
    case .image: try fixtures("DatasetsTests", [""], folder: "Fixtures/images")
    case .block: Self.blocks
    case .catalogue:
      try
        (fixtures("CommandTests", [".h5"], catalogued: true)
        + fixtures("HDF5Tests", ["types.h5", "strings.h5", "spaces.h5"], catalogued: true))
    }
  }

  private func fixtures(
    _ tests: String, _ endings: [String], catalogued: Bool = false, folder: String = "Fixtures"
  ) throws -> [Data] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appending(components: tests, folder)
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
    return try files.filter { name in endings.contains(where: name.hasSuffix) }.compactMap { name in
      let file = folder.appending(component: name)
      let bytes = try Data(contentsOf: file)
      guard catalogued else { return bytes }
      guard let answer = try answer(file.path), answer.count > 40 else { return nil }
      let length = withUnsafeBytes(of: UInt32(answer.count).littleEndian) { Data($0) }
      return length + answer + bytes
    }
  }

  /// What the command's reader says of the file at `path`.
  private func answer(_ path: String) throws -> Data? {
    guard let command = ProcessInfo.processInfo.environment["ANAMORPH_COMMAND"] else { return nil }
    let shell = Process()
    shell.executableURL = URL(filePath: "/bin/sh")
    shell.arguments = ["-c", "exec \"$0\" read-structures catalogue 3<\"$1\"", command, path]
    let output = Pipe()
    shell.standardOutput = output
    try shell.run()
    return try output.fileHandleForReading.readToEnd()
  }

  private static var idx: [Data] {
    [
      Data([0, 0, 8, 1, 0, 0, 0, 3, 1, 2, 3]),
      Data([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 9, 8, 7, 6]),
      Data([0, 0, 13, 2, 0, 0, 0, 1, 0, 0, 0, 1, 0x3F, 0x80, 0, 0]),
    ]
  }

  /// Blocks of 64 bytes as the filters leave them.
  private static var blocks: [Data] {
    let values = (0..<64).map { UInt8($0 / 3) }
    var packed = [UInt8](repeating: 0, count: 256)
    let compressor = libdeflate_alloc_compressor(6)
    let count = libdeflate_zlib_compress(compressor, values, values.count, &packed, packed.count)
    libdeflate_free_compressor(compressor)
    func block(_ filters: [UInt8], _ bytes: [UInt8], size: UInt8 = 3) -> Data {
      let numbers = filters + [UInt8](repeating: 0, count: 3 - filters.count)
      return Data([UInt8(filters.count)] + numbers + [size, 64, 0, 0] + bytes)
    }
    let literal: [UInt8] = [31] + values[..<32] + [31] + values[32...]
    return [
      block([], values), block([0], Array(packed[..<count])),
      block([1, 0], Array(packed[..<count])), block([1], values),
      block([2], values + [0, 0, 0, 0]), block([3], literal),
      block([1, 3], [0, 7, 0xE0, 54, 0] + literal, size: 1),
    ]
  }
}
