import COneDNN

/// `output = a · b`, number by number: dropout's mask, forward and backward.
final class ProductStep: Step {
  private let a: Buffer
  private let b: Buffer
  private let output: Buffer
  private let count: Int

  init(_ a: Buffer, _ b: Buffer, output: Buffer, count: Int) {
    (self.a, self.b, self.output, self.count) = (a, b, output, count)
  }

  func run(on stream: dnnl_stream_t) {
    for index in 0..<count { output.pointer[index] = a.pointer[index] * b.pointer[index] }
  }
}

/// Copies images into the middle of larger ones whose border is zero, or their middle back out.
final class BorderStep: Step {
  private let inner: Buffer
  private let outer: Buffer
  private let images: Int
  private let height: Int
  private let rowLength: Int
  private let top: Int
  private let outerHeight: Int
  private let left: Int
  private let outerRowLength: Int
  private let removes: Bool

  /// Lengths along rows count numbers, that is pixels times channels.
  init(
    inner: Buffer, outer: Buffer, images: Int, height: Int, rowLength: Int, top: Int,
    outerHeight: Int, left: Int, outerRowLength: Int, removes: Bool
  ) {
    self.inner = inner
    self.outer = outer
    self.images = images
    self.height = height
    self.rowLength = rowLength
    self.top = top
    self.outerHeight = outerHeight
    self.left = left
    self.outerRowLength = outerRowLength
    self.removes = removes
  }

  func run(on stream: dnnl_stream_t) {
    let outerSize = outerHeight * outerRowLength
    // The memory may have held other values since the last run.
    if !removes { outer.pointer.update(repeating: 0, count: images * outerSize) }
    for image in 0..<images {
      for row in 0..<height {
        let inside = inner.pointer + (image * height + row) * rowLength
        let outside = outer.pointer + image * outerSize + (top + row) * outerRowLength + left
        if removes {
          inside.update(from: outside, count: rowLength)
        } else {
          outside.update(from: inside, count: rowLength)
        }
      }
    }
  }
}

/// `average = momentum · average + (1 − momentum) · correction · batch`, for each channel.
final class MovingAverageStep: Step {
  private let average: Buffer
  private let batch: Buffer
  private let momentum: Float
  private let correction: Float

  init(_ average: Buffer, batch: Buffer, momentum: Float, correction: Float) {
    (self.average, self.batch) = (average, batch)
    (self.momentum, self.correction) = (momentum, correction)
  }

  func run(on stream: dnnl_stream_t) {
    for channel in 0..<average.count {
      average.pointer[channel] =
        momentum * average.pointer[channel]
        + (1 - momentum) * correction * batch.pointer[channel]
    }
  }
}
