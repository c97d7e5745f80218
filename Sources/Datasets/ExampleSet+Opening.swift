public import Files
import HDF5

extension ExampleSet {
  /// How much a gzip-packed file may unpack to, unless told otherwise: 2 GiB.
  public static let defaultUnpackingLimit = 1 << 31

  /// Opens the set called `name`: `FILE` or `FILE::/path`.
  ///
  /// What the file is, is seen from its content: HDF5, NumPy's `.npy` (versions 1 to 3, either byte
  /// order, row- or column-major), or IDX, the last two also packed with gzip. Two axes are vectors,
  /// three are images that gain a channel, four are images with channels last.
  ///
  /// - Parameters:
  ///   - name: The set. In an HDF5 file with one array of examples the path may be left out.
  ///   - labels: Where the labels are, written the same way; `::/path` is in the set's own file. In
  ///     HDF5 files, labels beside the set under a usual name (`labels`, `label`, `targets`,
  ///     `target`, `y`) are found without asking when they are a list of numbers.
  ///   - classCount: How many classes there are; labels from there on are refused.
  ///   - unpackingLimit: The most bytes that a gzip-packed file may unpack to.
  /// - Throws: ``Files/FileError``: the file cannot be read, claims more than it holds, has no
  ///   examples or another number of labels than examples, or a label is not a class.
  public static func open(
    _ name: String, labels: String? = nil, classCount: Int? = nil,
    unpackingLimit: Int = defaultUnpackingLimit
  ) throws(FileError) -> ExampleSet {
    let setName = SetName(parsing: name)
    if let classCount, classCount < 1 {
      throw FileError(
        path: setName.file, object: setName.object,
        reason: "a set cannot have \(classCount) classes")
    }
    let array = try StoredArray.open(setName, unpackingLimit: unpackingLimit, for: .examples)
    let shape = try exampleShape(of: array)
    let count = array.source.shape[0]

    var labelArray: StoredArray?
    if let labels {
      var labelName = SetName(parsing: labels)
      if labelName.file.isEmpty { labelName.file = setName.file }
      labelArray = try StoredArray.open(labelName, unpackingLimit: unpackingLimit, for: .labels)
    } else {
      labelArray = try array.labelsBeside()
    }
    let checked = try labelArray?.labels(examples: count, of: name, classCount: classCount)
    return ExampleSet(
      name: name, format: array.format, source: array.source, exampleShape: shape, labels: checked,
      identifiers: try array.identifiersBeside(count: count) ?? .rowNumbers(count))
  }

  /// What shape the examples in `array` have.
  private static func exampleShape(of array: StoredArray) throws(FileError) -> [Int] {
    let shape = array.source.shape
    func wrong(_ reason: String) -> FileError {
      FileError(path: array.name.file, object: array.name.object, reason: reason)
    }
    let extents = NumberArray.text(shape)
    guard (2...4).contains(shape.count) else {
      throw wrong(
        "\(extents) numbers are no examples; n × d, n × height × width or "
          + "n × height × width × channels are")
    }
    guard shape[0] > 0 else { throw wrong("the set holds no examples") }
    guard shape.allSatisfy({ $0 > 0 }) else {
      throw wrong("\(extents) numbers: examples are empty")
    }
    if shape.count == 4, [1, 3].contains(shape[1]), shape[2] == shape[3], shape[3] > 4 {
      throw wrong(
        "\(extents) numbers look like images with channels first; transpose them to "
          + "n × height × width × channels")
    }
    return shape.count == 3 ? [shape[1], shape[2], 1] : Array(shape.dropFirst())
  }
}
