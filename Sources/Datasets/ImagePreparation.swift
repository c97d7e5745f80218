/// How images of any size become the numbers that a network was trained on: sizing, then scaling of the
/// channels, by the name that people know it by.
///
/// For a network that reads `s × s` images:
///
/// | name | sizing | numbers |
/// | --- | --- | --- |
/// | `torchvision` | shorter side to s / 0.875, bilinear; centre | x / 255, ImageNet's means and deviations |
/// | `clip` | shorter side to s, bicubic; centre | x / 255, CLIP's means and deviations |
/// | `timm` | shorter side to s / 0.9, bicubic; centre | x / 127.5 − 1 |
/// | `keras-tf` | s × s, nearest | x / 127.5 − 1 |
/// | `keras-caffe` | s × s, nearest | blue first, ImageNet's means taken away |
/// | `keras-torch` | s × s, nearest | as `torchvision` |
/// | `keras-raw` | s × s, nearest | as stored |
/// | `raw` | shorter side to s, bilinear; centre | as stored |
///
/// Sizes are rounded down. Keras's are those of `load_img(target_size:)`, which takes the nearest
/// pixel unless told otherwise.
public struct ImagePreparation: Hashable, Sendable {
  /// The name in the table.
  public let name: String

  /// Resizing and cropping.
  public var sizing: ImageSizing

  /// What is done to the numbers.
  public var numbers: Preprocessing

  /// A preparation of any name, sizing and numbers.
  public init(name: String, sizing: ImageSizing, numbers: Preprocessing) {
    self.name = name
    self.sizing = sizing
    self.numbers = numbers
  }

  /// The names in the table.
  public static let names = [
    "torchvision", "clip", "timm", "keras-tf", "keras-caffe", "keras-torch", "keras-raw",
    "raw",
  ]

  /// ImageNet's means and standard deviations of red, green and blue in 0…1, as torchvision has them.
  static let imageNet = Preprocessing.standardized(
    means: [0.485, 0.456, 0.406], deviations: [0.229, 0.224, 0.225])

  private static let clip = Preprocessing.standardized(
    means: [0.48145466, 0.4578275, 0.40821073],
    deviations: [0.26862954, 0.26130258, 0.27577711])

  private static let caffe = Preprocessing(
    scales: [1, 1, 1], shifts: [-103.939, -116.779, -123.68], reversesChannels: true)

  /// The numbers of a preparation of this name, `nil` when there is none.
  public static func numbers(named name: String) -> Preprocessing? {
    switch name {
    case "torchvision", "keras-torch": imageNet
    case "clip": clip
    case "timm", "keras-tf": .symmetric
    case "keras-caffe": caffe
    case "raw", "keras-raw": .raw
    default: nil
    }
  }

  /// The preparation of this name for a network that reads images of these extents; `nil` when there
  /// is none of that name.
  ///
  /// - Precondition: the extents are positive.
  public init?(named name: String, height: Int, width: Int) {
    guard let numbers = Self.numbers(named: name) else { return nil }
    let crop = ImageSizing.Crop(height: height, width: width)
    // A shorter side that leaves no edge black: the larger extent decides.
    let side = max(height, width)
    self.name = name
    self.numbers = numbers
    switch name {
    case "torchvision":
      sizing = ImageSizing(resize: .shorterSide(side * 8 / 7), crop: crop)
    case "clip":
      sizing = ImageSizing(resize: .shorterSide(side), crop: crop, interpolation: .bicubic)
    case "timm":
      sizing = ImageSizing(
        resize: .shorterSide(side * 10 / 9), crop: crop, interpolation: .bicubic)
    case "raw": sizing = ImageSizing(resize: .shorterSide(side), crop: crop)
    default:
      sizing = ImageSizing(
        resize: .exact(height: height, width: width), interpolation: .nearest)
    }
  }

  /// The preparation that a network of this name was trained with, `nil` when the name says nothing.
  ///
  /// - Parameters:
  ///   - model: What Keras Applications call their models: `resnet50`, `mobilenetv2_1.00_224`.
  ///   - scalesInside: Whether layers of the model scale its inputs.
  public static func name(ofKerasModel model: String, scalesInside: Bool = false) -> String? {
    let model = model.lowercased()
    func begins(_ starts: String...) -> Bool { starts.contains { model.hasPrefix($0) } }
    // Those that scale their inputs themselves, unless they were made without that.
    if begins("efficientnet", "convnext", "mobilenetv3") {
      if scalesInside { return "keras-raw" }
      return begins("convnext")
        ? "keras-torch" : begins("efficientnet-", "efficientnetb") ? "keras-raw" : "keras-tf"
    }
    // The second version first: its name begins like the first's.
    if begins("resnet") {
      if model.hasSuffix("v2") { return "keras-tf" }
      return ["resnet50", "resnet101", "resnet152"].contains(model) ? "keras-caffe" : nil
    }
    if ["vgg16", "vgg19"].contains(model) { return "keras-caffe" }
    if begins("densenet") { return "keras-torch" }
    if model == "xception" || begins("inception_v3", "inception_resnet_v2", "nasnet") {
      return "keras-tf"
    }
    if begins("mobilenet_", "mobilenetv2_") { return "keras-tf" }
    return nil
  }
}
