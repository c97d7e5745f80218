import Files

/// Files that people have beside checkpoints and that are none: what they are, and what to do.
enum ForeignFile {
  /// What a file that begins with `start` is, and what to do; `nil` when that is not known.
  static func reason(_ start: [UInt8], name: String) -> String? {
    if start.isEmpty { return "not an HDF5 file, but an empty one; save or download it again" }
    if NumPyHeader.isNumPy(start) {
      return "a NumPy array, which features and distortion take as a set; "
        + "a checkpoint is a .npz with an array for each parameter"
    }
    for (magic, reason) in kinds where start.starts(with: magic) { return reason }
    if start.count >= 4, start[0] == 0, start[1] == 0, (8...14).contains(start[2]),
      (1...8).contains(start[3])
    {
      return "IDX, which features and distortion take as a set; it is no checkpoint"
    }
    let ending = name.split(separator: ".").last?.lowercased() ?? ""
    if let reason = endings[ending] { return reason }
    if start.allSatisfy({ (0x20..<0x7F).contains($0) || (9...13).contains($0) }) {
      return "not an HDF5 file, but text; name the checkpoint itself, "
        + "or the .index.json or .weights.json of one in several files"
    }
    return nil
  }

  private static let unpack = "; unpack it first"
  private static let image =
    ", which features and distortion take in a folder as a set; "
    + "it is no checkpoint"
  private static let resave = "; save the model's state_dict as .safetensors"

  private static let kinds: [([UInt8], String)] = [
    ([0x1F, 0x8B], "packed with gzip" + unpack + " (gunzip)"),
    ([0x28, 0xB5, 0x2F, 0xFD], "packed with zstd" + unpack + " (unzstd)"),
    ([0xFD] + Array("7zXZ".utf8), "packed with xz" + unpack + " (unxz)"),
    (Array("BZh".utf8), "packed with bzip2" + unpack + " (bunzip2)"),
    ([0x04, 0x22, 0x4D, 0x18], "packed with lz4" + unpack + " (unlz4)"),
    (Array("7z".utf8) + [0xBC, 0xAF], "packed with 7-Zip" + unpack),
    ([0x89] + Array("PNG".utf8), "a PNG image" + image),
    ([0xFF, 0xD8, 0xFF], "a JPEG image" + image),
    (Array("GIF8".utf8), "a GIF image, which is not read; save PNG or JPEG"),
    (
      Array("GGUF".utf8),
      "a GGUF file, whose values are quantised in ways that are not read; "
        + "use the .safetensors that it was made from"
    ),
    (
      Array("MATLAB 5.0".utf8),
      "a MATLAB file, which features and distortion take as a set; it is no checkpoint"
    ),
    (Array("%PDF".utf8), "a PDF document; name the checkpoint itself"),
    (
      Array("version https://git-lfs".utf8),
      "a pointer of Git LFS in place of the file; fetch the file itself with git lfs pull"
    ),
  ]

  private static let endings: [String: String] = [
    "pt": "not an HDF5 file, and .pt checkpoints are not read" + resave,
    "pth": "not an HDF5 file, and .pth checkpoints are not read" + resave,
    "ckpt": "not an HDF5 file, and .ckpt checkpoints are not read; "
      + "save the model as .keras, .h5 or .safetensors",
    "onnx": "not an HDF5 file, and .onnx models are not read; "
      + "save the model they were made from as .keras, .h5 or .safetensors",
    "pb": "not an HDF5 file, and .pb models are not read; save the model as .keras or .h5",
    "msgpack": "not an HDF5 file, and .msgpack checkpoints are not read; save it as .safetensors",
    "gguf": "not an HDF5 file, and .gguf checkpoints are not read; save it as .safetensors",
    "keras": "not a .keras file, nor any other that is read; download or save it again",
    "npz": "not a .npz file, nor any other that is read; download or save it again",
    "safetensors": "not a .safetensors file, nor any other that is read; download or save it again",
  ]
}
