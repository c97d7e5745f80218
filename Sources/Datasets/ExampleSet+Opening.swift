public import Files
import HDF5

extension ExampleSet {
  /// How much a gzip-packed file may unpack to, unless told otherwise: 2 GiB.
  public static let defaultUnpackingLimit = 1 << 31

  /// Opens the set called `name`: `FILE`, `FILE::/path`, `FOLDER` or `FOLDER::/part`.
  ///
  /// What the file is, is seen from its content: HDF5, NumPy's `.npy` (versions 1 to 3, either byte
  /// order, row- or column-major) and `.npz`, IDX, also packed with gzip, the binary files of CIFAR-10,
  /// CIFAR-100 and STL-10, and lists of images. Two axes are vectors, three are images that gain a
  /// channel, four are images, five are volumes; channels of images that come first are moved to the
  /// end. What a folder is, is seen
  /// from the names in it: the binary sets just named, FMoW, or a folder of images for each class.
  ///
  /// `part` chooses a split, the regions of FMoW, or a built-in ``ClassMap``.
  ///
  /// - Parameters:
  ///   - name: The set. In an HDF5 file with one array of examples the path may be left out.
  ///   - labels: Where the labels are, written the same way; `::/path` is in the set's own file.
  ///     Labels beside the set under a usual name (`labels`, `label`, `targets`, `target`, `y`) are
  ///     found without asking when they are a list of numbers.
  ///   - classCount: How many classes there are; labels from there on are refused.
  ///   - unpackingLimit: The most bytes that a packed file may unpack to.
  ///   - reading: How image files become examples; images of bytes in arrays are sized likewise.
  /// - Throws: ``Files/FileError``: the file cannot be read, claims more than it holds, has no
  ///   examples or another number of labels than examples, or a label is not a class.
  public static func open(
    _ name: String, labels: String? = nil, classCount: Int? = nil,
    unpackingLimit: Int = defaultUnpackingLimit, reading: ImageReading = ImageReading()
  ) throws(FileError) -> ExampleSet {
    let setName = SetName(parsing: name)
    if let classCount, classCount < 1 {
      throw FileError(
        path: setName.file, object: setName.object,
        reason: "a set cannot have \(classCount) classes")
    }
    if let set = try openLabelled(setName, classCount: classCount, reading) {
      if let labels {
        throw FileError(
          path: labels, reason: "not used: the labels of \(name) are known from the set itself")
      }
      if let classCount, let most = set.labels?.max(), most >= classCount {
        throw FileError(
          path: setName.file, object: setName.object,
          reason: "label \(most) is outside the classes 0…\(classCount - 1)")
      }
      var set = set.readsImageFiles ? set : try set.sized(by: reading.sizing)
      set.name = name
      if let classCount { set.classCount = classCount }
      return set
    }
    let array = try StoredArray.open(setName, unpackingLimit: unpackingLimit, for: .examples)
    let (source, shape, note) = try examples(in: array)
    let count = source.shape[0]

    var labelArray: StoredArray?
    if let labels {
      var labelName = SetName(parsing: labels)
      if labelName.file.isEmpty { labelName.file = setName.file }
      labelArray = try StoredArray.open(labelName, unpackingLimit: unpackingLimit, for: .labels)
    } else {
      labelArray = try array.labelsBeside()
      if labelArray == nil, let elsewhere = array.labelsElsewhere { labelArray = try elsewhere() }
    }
    let checked = try labelArray?.labels(examples: count, of: name, classCount: classCount)
    let identifiers = try array.identifiersBeside(count: count)
    var set = ExampleSet(
      name: name, format: array.format + note, source: source, exampleShape: shape,
      labels: checked, identifiers: identifiers ?? .rowNumbers(count),
      classNames: try array.classNamesBeside())
    set.wasTurned = note == turnedNote
    return try set.sized(by: reading.sizing)
  }

  /// The set called `name` when it is one that knows its own labels.
  private static func openLabelled(
    _ name: SetName, classCount: Int?, _ reading: ImageReading
  ) throws(FileError) -> ExampleSet? {
    if Folder.isFolder(name.file) {
      let names = Set(try Folder.entries(in: name.file).map(\.name))
      if let set = try PackedSets.open(folder: names, name) { return set }
      if names.contains(SatelliteImages.tableName) {
        return try SatelliteImages.open(name, classCount: classCount, reading)
      }
      return try ImageFolder.open(name, classCount: classCount, reading)
    }
    let file = try ByteFile(path: name.file)
    if let set = try PackedSets.open(file: file, name) { return set }
    guard ImageList.isList(try file.bytes(0..<4096)) else { return nil }
    return try ImageList.open(file, name, classCount: classCount, reading)
  }

  /// The examples in `array`, channels last, their shape, and what was done for that.
  private static func examples(
    in array: StoredArray
  ) throws(FileError) -> (source: any ExampleSource, shape: [Int], note: String) {
    let shape = array.source.shape
    func wrong(_ reason: String) -> FileError {
      FileError(path: array.name.file, object: array.name.object, reason: reason)
    }
    let extents = NumberArray.text(shape)
    guard (2...5).contains(shape.count) else {
      throw wrong(
        "\(extents) numbers are no examples; n × d, n × height × width, "
          + "n × height × width × channels or n × depth × height × width × channels are")
    }
    guard shape[0] > 0 else { throw wrong("the set holds no examples") }
    guard shape.allSatisfy({ $0 > 0 }) else {
      throw wrong("\(extents) numbers: examples are empty")
    }
    if shape.count == 4, isChannelsFirst(shape) {
      let source = ChannelsFirstRows(source: array.source)
      return (source, Array(source.shape.dropFirst()), ExampleSet.turnedNote)
    }
    if shape.count == 3 {
      let image = [shape[1], shape[2], 1]
      return (ReshapedRows(source: array.source, exampleShape: image), image, "")
    }
    return (array.source, Array(shape.dropFirst()), "")
  }

  /// Whether n × a × b × c numbers are images with their channels first: one or three channels, and
  /// extents that are no channels.
  private static func isChannelsFirst(_ shape: [Int]) -> Bool {
    guard shape[2] > 4, shape[3] > 4 else { return false }
    return shape[1] == 3 || (shape[1] == 1 && shape[2] == shape[3])
  }
}
