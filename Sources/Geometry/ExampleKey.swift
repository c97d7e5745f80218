/// Which example a row is, and which group it belongs to, as numbers made from their names.
///
/// Blocks of the jackknife and the rows that are kept are chosen by these numbers alone, so they are
/// the same whatever the order, the batches or the shards in which rows arrive.
public struct ExampleKey: Hashable, Sendable {
  /// The number made from the example's identifier.
  public var example: UInt64

  /// The number made from the group's name; that of the example where it is a group of its own.
  public var group: UInt64

  /// The key of an example by its identifier, and of its group by its name.
  public init(_ identifier: String, group: String? = nil) {
    example = Self.hash(identifier)
    self.group = group.map(Self.hash) ?? example
  }

  /// The key of an example by its identifier and its values, and of its group by its name.
  ///
  /// For examples that sets number alike, whatever the sets are called: another picture of the same
  /// number is another example, and the same one in a file of another name is the same.
  public init(_ identifier: String, values: UnsafeBufferPointer<Float>, group: String? = nil) {
    example = Self.mixed(Self.hash(identifier) ^ Self.hash(values))
    self.group = group.map(Self.hash) ?? example
  }

  /// The key with given numbers.
  public init(example: UInt64, group: UInt64) {
    self.example = example
    self.group = group
  }

  /// The FNV-1a hash of the bytes, mixed by the finisher of MurmurHash3 so that every bit counts.
  private static func hash(_ text: String) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
    return mixed(hash)
  }

  /// The hash of the bits of numbers, two numbers at a time.
  private static func hash(_ values: UnsafeBufferPointer<Float>) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(values.count)
    var place = 0
    while place + 1 < values.count {
      let pair = UInt64(values[place].bitPattern) << 32 | UInt64(values[place + 1].bitPattern)
      hash = (hash ^ pair) &* 0x9e37_79b9_7f4a_7c15
      hash ^= hash >> 32
      place += 2
    }
    if place < values.count {
      hash = (hash ^ UInt64(values[place].bitPattern)) &* 0x9e37_79b9_7f4a_7c15
    }
    return mixed(hash)
  }

  private static func mixed(_ number: UInt64) -> UInt64 {
    var hash = number
    hash = (hash ^ hash >> 33) &* 0xff51_afd7_ed55_8ccd
    hash = (hash ^ hash >> 33) &* 0xc4ce_b9fe_1a85_ec53
    return hash ^ hash >> 33
  }

  /// A number from the example alone, mixed again so that it has nothing to do with the block.
  var mixedExample: UInt64 { Self.mixed(example ^ 0x9E37_79B9_7F4A_7C15) }

  /// The jackknife block, by group.
  func block(of count: Int) -> Int { Int(group % UInt64(count)) }

  /// The place in the order by which rows are kept: unrelated to the block.
  var order: (UInt64, UInt64) { (Self.mixed(group ^ 0x9E37_79B9_7F4A_7C15), example) }
}
