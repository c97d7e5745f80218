/// Images with their channels first or last.
extension ExampleSet {
  /// The extents of one example as the file has them, before its channels were moved to the end.
  public var storedShape: [Int] { wasTurned ? turnedShape : exampleShape }

  /// Channels × height × width of images.
  private var turnedShape: [Int] {
    exampleShape.count == 3 ? [exampleShape[2], exampleShape[0], exampleShape[1]] : exampleShape
  }

  /// The set with examples of `shape`, where its channels only have to be moved for that.
  ///
  /// What looked like images with their channels first stays as the file has it when that is what is
  /// read; and images become such when the channels are to come first.
  ///
  /// - Parameter channelsFirst: Whether examples are to have their channels first.
  public func arranged(as shape: [Int], channelsFirst: Bool) -> ExampleSet {
    guard exampleShape != shape, turnedShape == shape, wasTurned || channelsFirst else {
      return self
    }
    var set = replacing((source as? ChannelsFirstRows)?.source ?? ChannelsLastRows(source: source))
    set.exampleShape = turnedShape
    set.wasTurned = false
    if set.format.hasSuffix(Self.turnedNote) { set.format.removeLast(Self.turnedNote.count) }
    return set
  }

  /// What is said of a set whose channels were moved.
  static let turnedNote = ", channels first"
}
