import Checkpoints
import Datasets
import Files
import Foundation
import HDF5

#if canImport(Glibc)
  import Glibc
#endif

/// A parser that libFuzzer feeds: whatever the bytes, it gives a value or throws.
enum FuzzedParser: String, CaseIterable {
  /// ZIP archives and the arrays in them.
  case archive
  /// The header of `.safetensors`, and the values behind it.
  case safetensors
  /// JSON: configurations, headers, indices.
  case json
  /// Blocks of HDF5 datasets: deflate, shuffle, fletcher32, lzf.
  case block
  /// The description of an HDF5 file that another process gives, and the values it leads to.
  case catalogue
  /// The header of `.npy`.
  case numpy
  /// Sets of examples: IDX, `.npy`, `.npz`, MATLAB 5, CIFAR, STL, gzip, lists.
  case set
  /// JPEG and PNG.
  case image

  func parse(_ bytes: [UInt8]) {
    switch self {
    case .archive:
      guard bytes.starts(with: Array("PK".utf8)) else { return }
      open(bytes)
    case .safetensors:
      guard bytes.count > 8, bytes[8] == UInt8(ascii: "{") else { return }
      open(bytes)
    case .json:
      let text = String(decoding: bytes, as: UTF8.self)
      guard let json = try? JSON(parsing: text) else { return }
      // What was read is written so that it reads the same.
      let written = json.text()
      guard let again = try? JSON(parsing: written), again.text() == written else {
        fatalError("\(written) reads otherwise")
      }
    case .numpy: _ = try? NumPyHeader(bytes)
    case .block: decodeBlock(bytes)
    case .catalogue: readCatalogue(bytes)
    case .set:
      inFile(bytes) { path in
        withoutReader {
          guard let set = try? ExampleSet.open(path, unpackingLimit: 1 << 26) else { return }
          _ = try? set.values(0..<min(set.count, 100))
        }
      }
    case .image:
      guard (try? Data(bytes).write(to: Self.images.appending(component: "image"))) != nil,
        let set = try? ExampleSet.open(
          Self.images.path + "/list",
          reading: ImageReading(
            sizing: ImageSizing(resize: .exact(height: 16, width: 16))))
      else { return }
      _ = try? set.values(0..<1)
    }
  }

  private func open(_ bytes: [UInt8]) {
    inFile(bytes) { path in
      withoutReader {
        guard let checkpoint = try? Checkpoint.open(path) else { return }
        _ = try? checkpoint.digest()
        for parameter in checkpoint.parameters.prefix(20) {
          _ = try? checkpoint.values(parameter)
          _ = try? checkpoint.tensor(parameter)
        }
      }
    }
  }

  /// HDF5 structures are its own library's to read, and here there is no process that would.
  private func withoutReader(_ body: () -> Void) {
    FileReader.$current.withValue(
      .childProcess(ReaderProcess(executable: "/nonexistent", arguments: [])), operation: body)
  }

  /// A count of filters, their numbers, the size of an element, the size of the block, then bytes.
  private func decodeBlock(_ bytes: [UInt8]) {
    guard bytes.count > 8 else { return }
    let filters = bytes[1..<1 + Int(bytes[0] % 4)].map { [1, 2, 3, 32_000][Int($0 % 4)] }
    let byteCount = Int(bytes[5]) | Int(bytes[6]) << 8
    _ = ChunkDecoder.decoded(
      Array(bytes[8...]), filters: filters, elementSize: Int(bytes[4] % 16) + 1,
      byteCount: byteCount, skipped: UInt32(bytes[7]))
  }

  /// Four bytes with the length of the answer, the answer, then the file.
  private func readCatalogue(_ bytes: [UInt8]) {
    guard bytes.count > 4 else { return }
    let length = bytes[..<4].reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length <= bytes.count - 4 else { return }
    inFile(Array(bytes[(4 + length)...])) { path in
      guard let file = try? File(readingAt: path, answer: Array(bytes[4..<4 + length])),
        let root = try? file.root
      else { return }
      read(root, depth: 0)
    }
  }

  private func read(_ group: Group, depth: Int) {
    _ = try? group.attributeNames().map { try group.attribute($0) }
    for entry in (try? group.entries())?.prefix(50) ?? [] {
      if entry.kind == .group, depth < 8, let group = try? group.group(entry.name) {
        read(group, depth: depth + 1)
      }
      guard let dataset = try? group.dataset(entry.name) else { continue }
      _ = try? dataset.read(as: Float.self)
      _ = try? dataset.read(as: Double.self)
      _ = try? dataset.read(as: Int64.self)
      _ = try? dataset.readStrings()
      if let rows = dataset.shape.first, rows > 1 {
        _ = try? dataset.read(as: Float.self, rows: 1..<rows)
      }
    }
  }

  /// Runs `body` with the path of a file in memory that holds `bytes`.
  private func inFile(_ bytes: [UInt8], _ body: (String) -> Void) {
    let descriptor = Self.descriptor
    ftruncate(descriptor, 0)
    _ = bytes.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
    body("/proc/self/fd/\(descriptor)")
  }

  /// A file in memory, whose name is gone at once.
  private static let descriptor: Int32 = {
    let name = "/dev/shm/anamorph-fuzzed-\(getpid())"
    defer { unlink(name) }
    return Glibc.open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
  }()

  /// A folder in memory with a list of one image.
  private static let images: URL = {
    let folder = URL(filePath: "/dev/shm/anamorph-fuzzed-images-\(getpid())")
    try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try? Data("image 0\n".utf8).write(to: folder.appending(component: "list"))
    return folder
  }()
}
