public import Files
public import Geometry
import HDF5

/// A file of what one pass over a pair of feature sets kept, which adds to others.
///
/// HDF5: `/pair` holds the arrays of ``Geometry/PairedFeaturesArchive`` under their names (sums in
/// Float64, keys as 64 bits in Int64), the attributes of the file say what they are of. In Python,
/// `h5py.File("m.h5")["pair/moments/sum_xx"][:]` is the second moment of the shifted features before.
public struct MomentsFile {
  /// Where both sides come from; parts must agree in all of it.
  public struct Origin: Equatable, Sendable {
    /// The digest of the checkpoint before, or the empty text where it is not known.
    public var digestBefore: String

    /// The digest of the checkpoint after.
    public var digestAfter: String

    /// Where in the network before values were recorded.
    public var tapBefore: String

    /// Where in the network after.
    public var tapAfter: String

    /// All of them; empty where there is nothing to tell.
    public init(digestBefore: String, digestAfter: String, tapBefore: String, tapAfter: String) {
      self.digestBefore = digestBefore
      self.digestAfter = digestAfter
      self.tapBefore = tapBefore
      self.tapAfter = tapAfter
    }

    var attributes: [(String, String)] {
      [
        ("digest_before", digestBefore), ("digest_after", digestAfter), ("tap_before", tapBefore),
        ("tap_after", tapAfter),
      ]
    }
  }

  private static let format = "anamorph moments 1"

  /// What was kept.
  public var features: PairedFeatures

  /// Where it comes from.
  public var origin: Origin

  /// What was kept of sets from `origin`.
  public init(_ features: PairedFeatures, origin: Origin) {
    self.features = features
    self.origin = origin
  }

  /// Writes the file, which appears whole or not at all.
  ///
  /// - Throws: ``Files/FileError``.
  public func write(to path: String, version: String) throws {
    let archive = features.archive
    do {
      try File.create(path) { root in
        try root.setAttribute("format", Self.format)
        try root.setAttribute("anamorph_version", version)
        for (name, value) in origin.attributes { try root.setAttribute(name, value) }
        for (name, list) in archive.integers.sorted(by: { $0.key < $1.key }) {
          try root.write("pair/\(name)", shape: [list.count], list)
        }
        for (name, array) in archive.numbers.sorted(by: { $0.key < $1.key }) {
          try root.write("pair/\(name)", shape: array.shape, array.values)
        }
      }
    } catch let error as HDF5Error {
      throw error.fileError
    }
  }

  /// Reads a file that ``write(to:version:)`` wrote.
  ///
  /// - Throws: ``Files/FileError``, also for files that are damaged or of another kind.
  public init(readingAt path: String) throws(FileError) {
    do throws(HDF5Error) {
      let root = try File(readingAt: path).root
      guard try root.attribute("format")?.string == Self.format else {
        throw HDF5Error(
          kind: .wrongType, path: path,
          reason: "not a file of moments; 'compare --moments' and 'distortion --moments' write them"
        )
      }
      var texts: [String] = []
      for name in ["digest_before", "digest_after", "tap_before", "tap_after"] {
        texts.append(try root.attribute(name)?.string ?? "")
      }
      origin = Origin(
        digestBefore: texts[0], digestAfter: texts[1], tapBefore: texts[2], tapAfter: texts[3])
      var archive = PairedFeaturesArchive()
      try Self.collect(try root.group("pair"), "", &archive)
      do throws(ArchiveError) {
        features = try PairedFeatures(archive)
      } catch {
        throw HDF5Error(
          kind: .damaged, path: path, object: "pair/\(error.name)", reason: error.reason)
      }
    } catch {
      throw error.fileError
    }
  }

  private static func collect(
    _ group: Group, _ prefix: String, _ archive: inout PairedFeaturesArchive
  ) throws(HDF5Error) {
    for entry in try group.entries() {
      let name = prefix + entry.name
      switch entry.kind {
      case .group where prefix.isEmpty:
        try collect(try group.group(entry.name), name + "/", &archive)
      case .dataset:
        let dataset = try group.dataset(entry.name)
        if case .integer = dataset.elementType {
          archive.integers[name] = try dataset.read(as: Int64.self)
        } else {
          archive.numbers[name] = (dataset.shape, try dataset.read(as: Double.self))
        }
      default: continue
      }
    }
  }

  /// Adds another part.
  ///
  /// - Throws: ``Files/FileError`` that names the part at `path` when it is of other checkpoints or
  ///   places, shares examples with what was added before, or was gathered differently.
  public mutating func merge(_ other: MomentsFile, at path: String) throws(FileError) {
    for ((name, own), (_, its)) in zip(origin.attributes, other.origin.attributes) where own != its
    {
      throw FileError(
        path: path, object: name,
        reason: "\(its.isEmpty ? "not known" : its) here and \(own.isEmpty ? "not known" : own) in "
          + "the first part; only parts of the same networks add up")
    }
    do throws(GeometryError) {
      try features.merge(other.features)
    } catch {
      throw FileError(path: path, reason: "\(error)")
    }
  }
}
