/// How images are prepared for a network of a known family, as far as its names and shapes tell.
///
/// Checkpoints do not record it; whoever trained with something else has to say so.
public struct PreprocessingHint: Hashable, Sendable {
  /// How pixels are made where an image is resized.
  public enum Interpolation: String, Hashable, Sendable {
    /// Straight lines between pixels, over the area of a pixel of the result.
    case bilinear
    /// Cubic pieces between pixels, over the area of a pixel of the result.
    case bicubic
  }

  /// What it is called: `torchvision`, `clip`, `timm`.
  public var name: String
  /// The extent that the shorter side is resized to.
  public var resize: Int
  /// The extent that is cut out of the middle.
  public var crop: Extent
  /// How pixels are made.
  public var interpolation: Interpolation
  /// What is subtracted from each channel of numbers between 0 and 1: red, green, blue.
  public var mean: [Float]
  /// What each channel is then divided by.
  public var deviation: [Float]

  /// Means and deviations over the ImageNet training set, as torchvision's networks expect.
  ///
  /// `resize` goes with images of `usual` × `usual`; with others it grows and shrinks as they do, so
  /// that the same part of a picture is seen.
  static func torchvision(
    resize: Int = 256, usual: Int = 224, crop: Extent, _ interpolation: Interpolation = .bilinear
  ) -> PreprocessingHint {
    let share = Double(min(crop.height, crop.width)) / Double(usual)
    return PreprocessingHint(
      name: "torchvision", resize: Int((Double(resize) * share).rounded()), crop: crop,
      interpolation: interpolation,
      mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])
  }

  /// As the networks of OpenAI's CLIP expect.
  static func clip(_ crop: Extent) -> PreprocessingHint {
    PreprocessingHint(
      name: "clip", resize: min(crop.height, crop.width), crop: crop, interpolation: .bicubic,
      mean: [0.48145466, 0.4578275, 0.40821073],
      deviation: [0.26862954, 0.26130258, 0.27577711])
  }

  /// As timm's vision transformers expect: means and deviations of one half.
  static func timm(_ crop: Extent) -> PreprocessingHint {
    let side = min(crop.height, crop.width)
    // timm cuts out 0.9 of what it has resized.
    return PreprocessingHint(
      name: "timm", resize: Int((Double(side) / 0.9).rounded(.down)), crop: crop,
      interpolation: .bicubic, mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5])
  }
}

extension PreprocessingHint: CustomStringConvertible {
  /// In words: `torchvision: resize 256 bilinear, crop 224×224, mean …, deviation …`.
  public var description: String {
    func numbers(_ values: [Float]) -> String { values.map { "\($0)" }.joined(separator: " ") }
    return "\(name): resize \(resize) \(interpolation.rawValue), crop \(crop), "
      + "mean \(numbers(mean)), deviation \(numbers(deviation))"
  }
}
