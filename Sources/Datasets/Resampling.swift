/// How the pixels between pixels are made up when an image is resized.
public enum Interpolation: String, CaseIterable, Sendable {
  /// The pixel at the same place; no averaging, as Keras resizes by default.
  case nearest
  /// A triangle as wide as the pixels that fall together.
  case bilinear
  /// Keys' cubic with a = −½, as wide as the pixels that fall together.
  case bicubic

  /// How far the filter reaches, in pixels of the smaller image.
  var support: Double {
    switch self {
    case .nearest: 0
    case .bilinear: 1
    case .bicubic: 2
    }
  }

  /// The filter's value at `x`.
  func weight(_ x: Double) -> Double {
    let x = abs(x)
    switch self {
    case .nearest: return 0
    case .bilinear: return x < 1 ? 1 - x : 0
    case .bicubic:
      let a = -0.5
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    }
  }
}

/// What each pixel of a resized line is made of: whole-number weights of some neighbours in the line
/// it comes from.
///
/// As in Pillow, whose results these are to the last bit: when an image shrinks, the filter is widened
/// by the ratio, so that every pixel counts; weights are normalised in Float64 and rounded to 22 bits
/// after the point; sums are rounded to a byte after the columns and again after the rows, or the other
/// way round.
struct ResamplingWeights: Sendable {
  /// The bits after the point.
  static let fractionBits: Int32 = 22

  /// The first pixel that each output is made of.
  var starts: [Int] = []

  /// How many pixels each output is made of, at most `stride`.
  var counts: [Int] = []

  /// The weights: `stride` for each output, the last of them unused.
  var weights: [Int32] = []

  /// The places kept for an output's weights.
  let stride: Int

  /// The outputs `range` of a line of `inputs` pixels that is resized to `outputs`.
  ///
  /// - Precondition: both are positive, and the interpolation is not `nearest`.
  init(inputs: Int, outputs: Int, range: Range<Int>, _ interpolation: Interpolation) {
    let scale = Double(inputs) / Double(outputs)
    let filterScale = max(scale, 1)
    let support = interpolation.support * filterScale
    stride = Int(support.rounded(.up)) * 2 + 1
    var shares = [Double](repeating: 0, count: stride)
    for output in range {
      let center = (Double(output) + 0.5) * scale
      let start = max(Int(center - support + 0.5), 0)
      let count = min(Int(center + support + 0.5), inputs) - start
      var sum = 0.0
      for place in 0..<count {
        let distance = (Double(place + start) - center + 0.5) * (1 / filterScale)
        shares[place] = interpolation.weight(distance)
        sum += shares[place]
      }
      for place in 0..<stride {
        guard place < count else {
          weights.append(0)
          continue
        }
        let share = sum == 0 ? shares[place] : shares[place] / sum
        let fixed = share * Double(1 << Self.fractionBits)
        weights.append(Int32(fixed < 0 ? fixed - 0.5 : fixed + 0.5))
      }
      starts.append(start)
      counts.append(count)
    }
  }

  /// The first and the last pixel, one past, that any output is made of.
  var inputs: Range<Int> {
    guard let first = starts.first, let last = starts.last, let count = counts.last else {
      return 0..<0
    }
    return first..<last + count
  }

  /// A sum of weighted bytes as a byte.
  @inline(__always)
  private static func byte(_ sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: max(0, min(255, sum >> fractionBits)))
  }

  private static let half: Int32 = 1 << (fractionBits - 1)

  /// Resizes a line of interleaved pixels.
  ///
  /// - Precondition: `line` holds the whole line, and `output` a pixel for each output.
  func apply(
    to line: UnsafePointer<UInt8>, channels: Int, into output: UnsafeMutablePointer<UInt8>
  ) {
    weights.withUnsafeBufferPointer { weights in
      for index in starts.indices {
        let pixels = line + starts[index] * channels
        let first = index * stride
        let target = output + index * channels
        if channels == 3 {
          var (red, green, blue) = (Self.half, Self.half, Self.half)
          for place in 0..<counts[index] {
            let weight = weights[first + place]
            red &+= Int32(pixels[3 * place]) &* weight
            green &+= Int32(pixels[3 * place + 1]) &* weight
            blue &+= Int32(pixels[3 * place + 2]) &* weight
          }
          target[0] = Self.byte(red)
          target[1] = Self.byte(green)
          target[2] = Self.byte(blue)
        } else {
          for channel in 0..<channels {
            var sum = Self.half
            for place in 0..<counts[index] {
              sum &+= Int32(pixels[channels * place + channel]) &* weights[first + place]
            }
            target[channel] = Self.byte(sum)
          }
        }
      }
    }
  }

  /// Makes the line `output` of an image out of the lines it is made of.
  ///
  /// - Parameters:
  ///   - lines: Those of ``inputs``, one after the other, `width` bytes each.
  ///   - sums: Room for `width` numbers.
  func combine(
    lines: UnsafePointer<UInt8>, width: Int, output index: Int,
    sums: UnsafeMutablePointer<Int32>, into output: UnsafeMutablePointer<UInt8>
  ) {
    for place in 0..<width { sums[place] = Self.half }
    for neighbour in 0..<counts[index] {
      let weight = weights[index * stride + neighbour]
      let line = lines + (starts[index] - inputs.lowerBound + neighbour) * width
      for place in 0..<width { sums[place] &+= Int32(line[place]) &* weight }
    }
    for place in 0..<width { output[place] = Self.byte(sums[place]) }
  }
}

/// Which pixel each pixel of a resized line is taken from, as Pillow takes the nearest.
func nearestPixels(inputs: Int, outputs: Int) -> [Int] {
  let scale = Double(inputs) / Double(outputs)
  // Added up and not multiplied, as Pillow does, whose rounding this repeats.
  var position = scale * 0.5
  return (0..<outputs).map { _ in
    defer { position += scale }
    return min(Int(position), inputs - 1)
  }
}
