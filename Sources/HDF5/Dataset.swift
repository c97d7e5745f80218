import CHDF5

/// An array in a file.
public final class Dataset: Object, @unchecked Sendable {
  /// The extent of each axis; empty for one value without axes and for an empty dataset.
  public let shape: [Int]

  /// Whether the dataset has no values at all (a null dataspace).
  public let isNull: Bool

  /// What an element is.
  public let elementType: ElementType

  /// Whether numbers are stored with their highest byte first.
  public let isBigEndian: Bool

  /// How the values are stored.
  public let storage: Storage

  /// The number of elements.
  public var count: Int { isNull ? 0 : shape.reduce(1, *) }

  /// What the elements claim to take in the file before compression, in bytes.
  public var claimedByteCount: Int { count * elementSize }

  let elementSize: Int

  /// What a catalogue says of it, when a reader process took one.
  let stored: StoredDataset?

  init(file: File, path: String) throws(HDF5Error) {
    if let stored = try file.catalogue?.dataset(path) {
      (shape, isNull, elementType) = (stored.shape, stored.isNull, stored.elementType)
      (isBigEndian, elementSize) = (stored.isBigEndian, stored.elementSize)
      storage = stored.storage
      self.stored = stored
      super.init(file: file, path: path, identifier: .none)
      return
    }
    stored = nil
    let object = try Object(file: file, path: path, kind: H5I_DATASET, called: "dataset")
    let facts = try Library.call { () throws(HDF5Error) in try Facts(object) }
    (shape, isNull, elementType) = (facts.space.shape, facts.space.isNull, facts.elementType)
    (isBigEndian, elementSize) = (facts.isBigEndian, facts.elementSize)
    storage = facts.storage
    super.init(file: file, path: path, identifier: try object.identifierAgain())
  }

  /// The dataset that `object` is.
  init(describing object: Object) throws(HDF5Error) {
    stored = nil
    let facts = try Library.call { () throws(HDF5Error) in try Facts(object) }
    (shape, isNull, elementType) = (facts.space.shape, facts.space.isNull, facts.elementType)
    (isBigEndian, elementSize) = (facts.isBigEndian, facts.elementSize)
    storage = facts.storage
    super.init(file: object.file, path: object.path, identifier: try object.identifierAgain())
  }

  /// The values of `other`, two opaque bytes each, as bfloat16.
  private init(brainFloatsOf other: Dataset) throws(HDF5Error) {
    (shape, isNull, elementSize) = (other.shape, other.isNull, other.elementSize)
    (elementType, isBigEndian, storage) = (.bfloat16, false, other.storage)
    var stored = other.stored
    stored?.elementType = .bfloat16
    stored?.isBigEndian = false
    self.stored = stored
    try super.init(file: other.file, path: other.path, kind: H5I_DATASET, called: "dataset")
  }

  /// The same dataset with its elements taken for bfloat16, when they are two opaque bytes each, which
  /// some programs write without saying what they are; `nil` otherwise.
  ///
  /// - Throws: ``HDF5Error``.
  public func takenForBrainFloats() throws(HDF5Error) -> Dataset? {
    guard elementType == .opaque(bytes: 2, tag: "") else { return nil }
    return try Dataset(brainFloatsOf: self)
  }

  private struct Facts {
    var space: Extents
    var elementType: ElementType
    var elementSize: Int
    var isBigEndian: Bool
    var storage: Storage

    init(_ object: Object) throws(HDF5Error) {
      guard
        let space = Identifier(H5Dget_space(object.identifier.raw), closedBy: H5Sclose),
        let type = Identifier(H5Dget_type(object.identifier.raw), closedBy: H5Tclose)
      else { throw object.failure("cannot be described") }
      elementSize = H5Tget_size(type.raw)
      guard elementSize > 0 else { throw object.failure("its element type has no size") }
      self.space = try Extents(space.raw, elementSize: elementSize, of: object)
      var elementType = ElementType(type.raw)
      // Keras 3 stores bfloat16 as two opaque bytes and says so in an attribute.
      if elementType == .opaque(bytes: 2, tag: ""),
        try object.attribute("dtype")?.string == "bfloat16"
      {
        elementType = .bfloat16
        isBigEndian = false
      } else {
        isBigEndian = elementSize > 1 && H5Tget_order(type.raw) == H5T_ORDER_BE
      }
      self.elementType = elementType
      storage = try Storage(of: object)
    }
  }
}

/// Extents that were checked: their product, in bytes too, fits in `Int`.
struct Extents {
  var shape: [Int] = []
  var isNull = false

  /// The extents of the dataspace `space` of `object`; under `Library.call`.
  init(_ space: hid_t, elementSize: Int, of object: Object) throws(HDF5Error) {
    switch H5Sget_simple_extent_type(space) {
    case H5S_NULL: isNull = true
    case H5S_SCALAR: break
    case H5S_SIMPLE:
      let rank = Int(H5Sget_simple_extent_ndims(space))
      guard (0...32).contains(rank) else { throw object.failure("its extents cannot be read") }
      var extents = [hsize_t](repeating: 0, count: rank)
      guard H5Sget_simple_extent_dims(space, &extents, nil) == rank else {
        throw object.failure("its extents cannot be read")
      }
      var bytes = elementSize
      for extent in extents {
        guard let extent = Int(exactly: extent) else { throw Self.tooLarge(object, extents) }
        shape.append(extent)
        // An axis of length 0 must not hide an overflow of the others.
        let (product, overflow) = bytes.multipliedReportingOverflow(by: max(extent, 1))
        guard !overflow else { throw Self.tooLarge(object, extents) }
        bytes = product
      }
    default: throw object.failure("its extents cannot be read")
    }
  }

  private static func tooLarge(_ object: Object, _ extents: [hsize_t]) -> HDF5Error {
    let shape = extents.map(String.init).joined(separator: " × ")
    return object.error(.tooLarge, "claims \(shape) elements, more than any memory holds")
  }
}
