import Files
import HDF5

/// How image files become examples.
public struct ImageReading: Hashable, Sendable {
  /// Resizing and cropping.
  public var sizing: ImageSizing

  /// Whether images that cannot be decoded are left out, and not an error. They are found by decoding
  /// every image once when the set is opened.
  public var skipsCorrupt: Bool

  /// How many threads look for corrupt images.
  public var threads: Int

  /// Images as they are stored, unless told otherwise.
  ///
  /// - Precondition: `threads > 0`.
  public init(sizing: ImageSizing = .asStored, skipsCorrupt: Bool = false, threads: Int = 1) {
    precondition(threads > 0, "\(threads) threads")
    self.sizing = sizing
    self.skipsCorrupt = skipsCorrupt
    self.threads = threads
  }
}

/// Images in files of their own, decoded when they are read.
struct ImageFiles: ExampleSource {
  /// What the paths are relative to; empty for where the command runs.
  let root: String
  let paths: [String]
  let sizing: ImageSizing
  let shape: [Int]

  var kind: ElementKind { .uint8 }
  var rowsReadApart: Bool { true }

  /// The images at `paths` in `root`.
  ///
  /// - Throws: `FileError` when the first one is needed to know the extents and cannot be read.
  init(root: String, paths: [String], _ sizing: ImageSizing) throws(FileError) {
    var extents = sizing.fixedExtents
    if extents == nil, let first = paths.first {
      let found = try ImageDecoder.extents(of: Self.path(first, in: root))
      extents = sizing.extents(height: found.height, width: found.width)
    }
    self.root = root
    self.paths = paths
    self.sizing = sizing
    shape = [paths.count, extents?.height ?? 1, extents?.width ?? 1, 3]
  }

  func image(_ row: Int) throws(FileError) -> [UInt8] {
    let path = Self.path(paths[row], in: root)
    let pixels = try ImageDecoder.image(of: path, sizing)
    guard pixels.count == shape[1] * shape[2] * shape[3] else {
      let found = try ImageDecoder.extents(of: path)
      let sized = sizing.extents(height: found.height, width: found.width)
      throw FileError(
        path: path,
        reason: "is \(sized.height) × \(sized.width) where the first image is "
          + "\(shape[1]) × \(shape[2]); give all one size with --resize and --crop")
    }
    return pixels
  }

  /// Where the image `path` of a set in `root` lies.
  static func path(_ path: String, in root: String) -> String {
    if root.isEmpty || path.hasPrefix("/") { return path }
    return root.hasSuffix("/") ? root + path : "\(root)/\(path)"
  }

  func values(_ rows: Range<Int>) throws(FileError) -> [Float] {
    var values: [Float] = []
    values.reserveCapacity(rows.count * shape.dropFirst().reduce(1, *))
    for row in rows {
      let pixels = try image(row)
      values.append(contentsOf: pixels.lazy.map { Float($0) })
    }
    return values
  }
}

/// Image files with their labels, before they are a set.
struct ListedImages {
  var root: String
  var paths: [String] = []
  var labels: [Int] = []
  var classNames: [String]?
  var classCount: Int?

  /// The set of these images.
  ///
  /// - Throws: `FileError` when there are none, a label is no class, or an image cannot be decoded and
  ///   is not to be skipped.
  func set(
    _ name: SetName, format: String, classCount: Int?, _ reading: ImageReading
  ) throws(FileError) -> ExampleSet {
    guard !paths.isEmpty else {
      throw FileError(path: name.file, object: name.object, reason: "the set holds no images")
    }
    var listed = self
    var skipped: [FileError] = []
    if reading.skipsCorrupt { skipped = try listed.leaveOutCorrupt(reading) }
    guard !listed.paths.isEmpty else {
      throw FileError(
        path: name.file, object: name.object,
        reason: "none of its \(paths.count) images can be decoded; the first: \(skipped[0])")
    }
    let images = try ImageFiles(root: root, paths: listed.paths, reading.sizing)
    let labels = try Labels(
      checking: listed.labels, of: name, classCount: classCount ?? self.classCount)
    var set = ExampleSet(
      name: name.description, format: format, source: images,
      exampleShape: Array(images.shape.dropFirst()), labels: labels,
      identifiers: .names(listed.paths), classNames: classNames)
    set.skipped = skipped
    return set
  }

  /// Decodes every image, keeps those that can be, and returns what is wrong with the others.
  private mutating func leaveOutCorrupt(_ reading: ImageReading) throws(FileError) -> [FileError] {
    let (root, all) = (root, paths)
    // Decoding is what finds damage; a small result saves the rest of the work.
    let smallest = ImageSizing(resize: .exact(height: 1, width: 1), interpolation: .nearest)
    let failures = ParallelRows.map(all.count, threads: reading.threads) { row in
      do throws(FileError) {
        _ = try ImageDecoder.image(
          of: ImageFiles.path(all[row], in: root), smallest)
        return FileError?.none
      } catch {
        return error
      }
    }
    let kept = failures.indices.filter { failures[$0] == nil }
    if kept.count < all.count {
      let labels = labels
      paths = kept.map { all[$0] }
      self.labels = kept.map { labels[$0] }
    }
    return failures.compactMap { $0 }
  }
}
