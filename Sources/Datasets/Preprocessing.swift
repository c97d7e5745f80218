import Files

/// What is done to the numbers of an example before a network sees them: `x · scale + shift`, with
/// one pair for all channels or one pair per channel.
///
/// The order of the channels may be reversed first, from red, green, blue to blue, green, red; scales and
/// shifts are those of the new order. Computed in Float64 and rounded once.
public struct Preprocessing: Hashable, Sendable {
  /// The factor for each channel, or one for all.
  public let scales: [Double]

  /// What is added to each channel, or one for all.
  public let shifts: [Double]

  /// Whether the last channel comes first.
  public let reversesChannels: Bool

  /// `x · scale + shift`, the same for all channels.
  public init(scale: Double, shift: Double = 0) {
    self.init(scales: [scale], shifts: [shift])
  }

  /// `x · scales[c] + shifts[c]` in channel `c`.
  ///
  /// - Precondition: there are as many scales as shifts, at least one, all finite.
  public init(scales: [Double], shifts: [Double], reversesChannels: Bool = false) {
    precondition(
      !scales.isEmpty && scales.count == shifts.count,
      "\(scales.count) scales and \(shifts.count) shifts")
    precondition((scales + shifts).allSatisfy(\.isFinite), "a scale or shift that is not finite")
    self.scales = scales
    self.shifts = shifts
    self.reversesChannels = reversesChannels
  }

  /// Numbers as they are stored.
  public static let raw = Preprocessing(scale: 1)

  /// Bytes to 0…1: `x / 255`.
  public static let unit = Preprocessing(scale: 1 / 255)

  /// Bytes to −1…1: `x / 127.5 − 1`.
  public static let symmetric = Preprocessing(scale: 1 / 127.5, shift: -1)

  /// `(x · scale − mean) / deviation` per channel, as torchvision's `Normalize` after `ToTensor`.
  ///
  /// - Precondition: as many means as deviations, at least one; deviations are not zero.
  public static func standardized(
    means: [Double], deviations: [Double], scale: Double = 1 / 255
  ) -> Preprocessing {
    precondition(
      means.count == deviations.count && !deviations.contains(0),
      "\(means.count) means and \(deviations.count) deviations, none of which may be zero")
    return Preprocessing(
      scales: deviations.map { scale / $0 }, shifts: zip(means, deviations).map { -$0 / $1 })
  }

  /// Whether the numbers stay as they are.
  public var isRaw: Bool {
    !reversesChannels && scales.allSatisfy { $0 == 1 } && shifts.allSatisfy { $0 == 0 }
  }

  /// How many channels it is made for, or `nil` when it fits any number.
  public var channelCount: Int? { scales.count == 1 ? nil : scales.count }

  /// Changes `values`, whose channels change fastest.
  ///
  /// - Precondition: ``channelCount`` is `nil` or `channels`, and `values` are whole pixels.
  public func apply(to values: inout [Float], channels: Int) {
    if isRaw { return }
    precondition(
      channelCount ?? channels == channels, "made for \(scales.count) channels, given \(channels)")
    precondition(values.count.isMultiple(of: channels), "\(values.count) values, \(channels) each")
    values.withUnsafeMutableBufferPointer { values in
      if reversesChannels {
        for pixel in stride(from: 0, to: values.count, by: channels) {
          for channel in 0..<channels / 2 {
            values.swapAt(pixel + channel, pixel + channels - 1 - channel)
          }
        }
      }
      if scales.count == 1 {
        let (scale, shift) = (scales[0], shifts[0])
        for index in values.indices { values[index] = Float(Double(values[index]) * scale + shift) }
      } else {
        for channel in 0..<channels {
          let (scale, shift) = (scales[channel], shifts[channel])
          for index in stride(from: channel, to: values.count, by: channels) {
            values[index] = Float(Double(values[index]) * scale + shift)
          }
        }
      }
    }
  }
}

extension Preprocessing: CustomStringConvertible {
  /// What ``init(parsing:)`` reads back to the same value: `raw`, `scale 0.5 shift -1`,
  /// `bgr scale 1,2,3 shift 0,0,1`.
  public var description: String {
    if isRaw { return "raw" }
    func list(_ numbers: [Double]) -> String {
      numbers.map { $0 == $0.rounded() && abs($0) < 1e15 ? String(Int($0)) : $0.description }
        .joined(separator: ",")
    }
    let scale = "\(reversesChannels ? "bgr " : "")scale \(list(scales))"
    return shifts.allSatisfy { $0 == 0 } ? scale : "\(scale) shift \(list(shifts))"
  }

  /// Reads `raw`, `unit`, `symmetric`, `scale S`, `shift B` or `scale S shift B`, where S and B are
  /// numbers, or lists with commas that have one number per channel, with `bgr` before it when the
  /// channels are reversed; or a name of ``ImagePreparation``. `nil` for anything else.
  public init?(parsing text: String) {
    switch text {
    case "raw": self = .raw
    case "unit": self = .unit
    case "symmetric": self = .symmetric
    default:
      if let named = ImagePreparation.numbers(named: text) {
        self = named
        return
      }
      var words = text.split(separator: " ")
      let isReversed = words.first == "bgr"
      if isReversed { words.removeFirst() }
      var lists: [Substring: [Double]] = [:]
      guard words.count == 2 || words.count == 4 else { return nil }
      for index in stride(from: 0, to: words.count, by: 2) {
        let numbers = words[index + 1].split(separator: ",", omittingEmptySubsequences: false)
          .map { Double($0) }
        guard ["scale", "shift"].contains(words[index]), lists[words[index]] == nil,
          numbers.allSatisfy({ $0?.isFinite ?? false })
        else { return nil }
        lists[words[index]] = numbers.compactMap { $0 }
      }
      let count = max(lists["scale"]?.count ?? 1, lists["shift"]?.count ?? 1)
      var scales = lists["scale"] ?? [1]
      var shifts = lists["shift"] ?? [0]
      if scales.count == 1 { scales = [Double](repeating: scales[0], count: count) }
      if shifts.count == 1 { shifts = [Double](repeating: shifts[0], count: count) }
      guard scales.count == shifts.count else { return nil }
      self.init(scales: scales, shifts: shifts, reversesChannels: isReversed)
    }
  }
}

extension ExampleSet {
  /// The set as `preprocessing` changes it, while it is read.
  ///
  /// Both come from a user, so a preprocessing made for another number of channels is an error when
  /// values are first read, as `FileError`.
  public func preprocessed(by preprocessing: Preprocessing) -> ExampleSet {
    if preprocessing.isRaw { return self }
    let (channels, set) = (channelCount, name)
    return replacing(
      ChangedRows(source: source, shape: source.shape) { (values, _) throws(FileError) in
        guard preprocessing.channelCount ?? channels == channels else {
          throw FileError(
            path: set,
            reason: "preprocessing for \(preprocessing.scales.count) channels, but examples have "
              + "\(channels)")
        }
        preprocessing.apply(to: &values, channels: channels)
      })
  }
}
