/// What a file holds, without its values: the answer of a reader process, checked.
struct Catalogue: Sendable {
  /// An object and its attributes.
  struct Node: Sendable {
    var attributes: [StoredAttribute] = []
    var content: Content
  }

  /// What an object is.
  enum Content: Sendable {
    case group([Link], index: [[UInt8]: Int])
    case dataset(StoredDataset)
    case namedType
    case unknown
    /// What it is could be told, but no more, and why.
    case broken(Group.Entry.Kind, HDF5Error.Kind, String)
  }

  /// A name in a group.
  struct Link: Sendable {
    var name: String
    var target: Target
  }

  /// Where a name leads.
  enum Target: Sendable {
    case node(Int)
    case soft(String)
    /// To another file: which, and what in it, in words.
    case external(String)
    case unknown
    /// A group that has another path already, this one.
    case again(String)
    /// A group around the one that has the link.
    case circle
    /// Deeper than groups are followed.
    case tooDeep
    /// It could not be opened, and why.
    case broken(HDF5Error.Kind, String)
  }

  /// An attribute, or why it cannot be read.
  struct StoredAttribute: Sendable {
    var name: String
    var content: Content

    enum Content: Sendable {
      case read(Attribute)
      case broken(HDF5Error.Kind, String)
    }
  }

  /// The objects; the first is the group at the top.
  var nodes: [Node]

  /// How deep groups are followed.
  static let deepest = 100
  /// How many objects a file may have.
  static let mostNodes = 1 << 20
  /// How many blocks of a dataset are listed; the library counts from the first for each.
  static let mostBlocks = 2048
  /// How many bytes of texts of any length a catalogue carries for each dataset.
  static let mostTextBytes = 1 << 20
}

/// A dataset as a catalogue describes it.
struct StoredDataset: Sendable {
  var shape: [Int] = []
  var isNull = false
  var elementType = ElementType.other("unknown type")
  var elementSize = 1
  var isBigEndian = false
  /// How fixed texts are filled.
  var padding = FixedText.Padding.zeros
  var storage = Storage(layout: .compact, filters: [], byteCount: 0, offset: nil)
  /// The bytes of an element that was never written; none for zeros.
  var fill: [UInt8] = []
  var source = Source.reader
  /// All texts of any length, where they are few.
  var texts: [String]?

  /// Where this process finds the values.
  enum Source: Sendable {
    /// At the storage's offset, or nowhere when nothing was written.
    case file
    /// Here.
    case inline([UInt8])
    /// In blocks that this process can decode.
    case blocks([StoredBlock])
    /// Only a reader process can tell.
    case reader
  }

  /// The number of elements; the product was checked.
  var count: Int { isNull ? 0 : shape.reduce(1, *) }
}

/// A block of a dataset in the file.
struct StoredBlock: Sendable {
  /// The index of its first element along each axis.
  var start: [Int]
  var offset: Int
  var byteCount: Int
  /// A bit for each filter that it did not go through.
  var skipped: UInt32
}
