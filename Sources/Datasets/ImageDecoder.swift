import CImages
import Files

/// Decodes JPEG and PNG images to RGB bytes as Pillow's `convert("RGB")` gives them.
///
/// Grey becomes three equal channels, CMYK and YCCK are converted with Adobe's inverted values, palettes
/// are looked up, transparency is dropped, colours of 16 bits lose their low byte, and grey of 16 bits
/// is cut at 255. The orientation that a camera noted (EXIF) is not applied, as torchvision's loader
/// does not. Colour profiles are not applied.
enum ImageDecoder {
  /// The most pixels that are decoded: where Pillow begins to warn of bombs.
  static let mostPixels = 89_478_485

  /// The longest file that is taken for an image: 256 MiB.
  private static let mostBytes = 1 << 28

  /// What is known of an image before its pixels are decoded.
  struct Extents: Equatable { var height, width: Int }

  /// The extents of the image in the file at `path`.
  static func extents(of path: String) throws(FileError) -> Extents {
    var found = Extents(height: 0, width: 0)
    try decode(path, onlyHeader: true) {
      found = $0
    } row: { _, _ in
    }
    return found
  }

  /// The image in the file at `path`, sized: height × width × 3 bytes.
  ///
  /// - Throws: `FileError` when it is no image, is damaged or cut short, or claims more pixels than are
  ///   decoded or than its bytes can hold.
  static func image(of path: String, _ sizing: ImageSizing) throws(FileError) -> [UInt8] {
    var sized: SizedImage?
    var isTooLarge = false
    try decode(path, onlyHeader: false) { extents in
      sized = SizedImage(height: extents.height, width: extents.width, channels: 3, sizing)
      isTooLarge = sized == nil
    } row: { row, pixels in
      sized?.append(row: row, pixels)
    }
    guard let sized, !isTooLarge else {
      throw FileError(path: path, reason: "would be resized to more pixels than are made")
    }
    return sized.finished()
  }

  private static func decode(
    _ path: String, onlyHeader: Bool, start: (Extents) -> Void,
    row: (Int, UnsafePointer<UInt8>) -> Void
  ) throws(FileError) {
    let file = try ByteFile(path: path)
    guard file.count <= mostBytes else {
      throw FileError(path: path, reason: "\(file.count) bytes are too many for an image")
    }
    let bytes = try file.bytes(0..<file.count)
    guard let format = format(of: bytes) else {
      throw FileError(
        path: path,
        reason: bytes.isEmpty ? "an empty file" : "neither a JPEG nor a PNG image by its content")
    }
    let failure: String? = bytes.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress, let decoder = cimages_create(format, base, buffer.count)
      else { return "no memory to decode it" }
      defer { cimages_destroy(decoder) }
      func message() -> String { String(cString: cimages_message(decoder)) }
      guard cimages_start(decoder, mostPixels) == 0 else { return message() }
      let extents = Extents(
        height: Int(cimages_height(decoder)), width: Int(cimages_width(decoder)))
      start(extents)
      if onlyHeader { return nil }
      let pixels = UnsafeMutablePointer<UInt8>.allocate(capacity: extents.width * 3)
      defer { pixels.deallocate() }
      for index in 0..<extents.height {
        guard cimages_next_row(decoder, pixels) == 0 else { return message() }
        row(index, pixels)
      }
      return nil
    }
    if let failure {
      let name = format == cimages_jpeg ? "JPEG" : "PNG"
      throw FileError(path: path, reason: "not a readable \(name) image: \(failure)")
    }
  }

  private static func format(of bytes: [UInt8]) -> cimages_format? {
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) { return cimages_jpeg }
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return cimages_png }
    return nil
  }
}
