/// Where an array lies: a file, and an object in it when the file holds several.
///
/// Written `FILE` or `FILE::/path`, as silx and h5py users do: `usps.h5::/train/data`.
public struct SetName: Hashable, Sendable, CustomStringConvertible {
  /// The file; empty when only an object was named.
  public var file: String

  /// The object in the file, from `/` on, or `nil` when none was named.
  public var object: String?

  /// The array `object` of `file`.
  public init(file: String, object: String? = nil) {
    self.file = file
    self.object = object
  }

  /// Splits `text` at its last `::`; an object's leading `/` may be left out.
  public init(parsing text: String) {
    let bytes = Array(text.utf8)
    let colon = UInt8(ascii: ":")
    let split = bytes.indices.dropLast().last { bytes[$0] == colon && bytes[$0 + 1] == colon }
    guard let split else {
      self.init(file: text)
      return
    }
    let object = String(decoding: bytes[(split + 2)...], as: UTF8.self)
    self.init(
      file: String(decoding: bytes[..<split], as: UTF8.self),
      object: object.hasPrefix("/") ? object : "/" + object)
  }

  /// `FILE` or `FILE::/path`.
  public var description: String { object.map { "\(file)::\($0)" } ?? file }
}
