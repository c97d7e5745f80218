import Datasets
import Foundation
import TestSupport

/// Images made by Pillow, and what Pillow and torchvision make of them; see `Fixtures/make_images.py`.
enum ImageFixtures {
  /// The pixels of the array of this name: 1 × height × width × 3.
  static func expected(_ name: String) throws -> ExampleSet {
    try ExampleSet.open(fixture("images.npz") + "::/\(name)")
  }

  static func path(_ name: String) -> String { fixture("images/\(name)") }

  static func bytes(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: path(name))))
  }

  /// A list in `folder` of these images, all of class 0.
  static func list(_ paths: [String], in folder: String) throws -> String {
    let list = folder + "/list.txt"
    try paths.map { "\($0) 0\n" }.joined().write(toFile: list, atomically: true, encoding: .utf8)
    return list
  }

  static let names = [
    "cmyk.jpg", "colour_key.png", "grey.jpg", "grey.png", "grey16.png", "grey_alpha.png",
    "grey_four_bits.png", "interlaced.png", "keep_rgb.jpg", "one_bit.png", "palette.png",
    "palette_transparent.png", "palette_two_bits.png", "progressive.jpg", "rgb.jpg", "rgb.png",
    "rgb16.png", "rgb422.jpg", "rgb444.jpg", "rgba.png", "turned.jpg",
  ]
}
