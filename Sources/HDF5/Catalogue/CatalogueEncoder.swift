/// Writes a catalogue as bytes: records of a tag, a length and a payload.
///
/// Numbers are little-endian base 128, seven bits a byte; texts and lists carry their length.
struct CatalogueEncoder {
  var bytes: [UInt8] = []

  mutating func number(_ value: Int) { number(UInt64(bitPattern: Int64(value))) }

  mutating func number(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func flag(_ value: Bool) { bytes.append(value ? 1 : 0) }

  mutating func text(_ value: String) {
    var value = value
    value.withUTF8 { data($0) }
  }

  mutating func data(_ value: some Collection<UInt8>) {
    number(value.count)
    bytes.append(contentsOf: value)
  }

  mutating func record(_ tag: CatalogueTag, _ body: (inout CatalogueEncoder) -> Void) {
    var payload = CatalogueEncoder()
    body(&payload)
    bytes.append(tag.rawValue)
    data(payload.bytes)
  }

  mutating func failure(_ kind: HDF5Error.Kind, _ reason: String) {
    number(HDF5Error.Kind.allCases.firstIndex(of: kind) ?? 0)
    text(reason)
  }

  mutating func type(_ type: ElementType) {
    switch type {
    case .float16: number(0)
    case .bfloat16: number(1)
    case .float32: number(2)
    case .float64: number(3)
    case .integer(let bits, let signed):
      number(4)
      number(bits)
      flag(signed)
    case .boolean: number(5)
    case .fixedString(let size):
      number(6)
      number(size)
    case .variableString: number(7)
    case .opaque(let size, let tag):
      number(8)
      number(size)
      text(tag)
    case .other(let name):
      number(9)
      text(name)
    }
  }

  mutating func list<T>(_ values: [T], _ each: (inout CatalogueEncoder, T) -> Void) {
    number(values.count)
    for value in values { each(&self, value) }
  }

  mutating func attribute(_ attribute: Attribute) {
    list(attribute.shape) { $0.number($1) }
    type(attribute.elementType)
    switch attribute.values {
    case .integers(let values):
      number(0)
      list(values) { $0.number(UInt64(bitPattern: $1)) }
    case .numbers(let values):
      number(1)
      list(values) { $0.number($1.bitPattern) }
    case .strings(let values):
      number(2)
      list(values) { $0.text($1) }
    case .unread: number(3)
    }
  }

  mutating func dataset(_ dataset: StoredDataset) {
    list(dataset.shape) { $0.number($1) }
    flag(dataset.isNull)
    type(dataset.elementType)
    number(dataset.elementSize)
    flag(dataset.isBigEndian)
    number(UInt64(dataset.padding.rawValue))
    switch dataset.storage.layout {
    case .compact: number(0)
    case .contiguous: number(1)
    case .chunked(let extents):
      number(2)
      list(extents) { $0.number($1) }
    case .virtual: number(3)
    case .external: number(4)
    }
    list(dataset.storage.filters) { encoder, filter in
      encoder.number(filter.number)
      encoder.text(filter.name)
      encoder.list(filter.settings) { $0.number(UInt64($1)) }
      encoder.flag(filter.isAvailable)
    }
    number(dataset.storage.byteCount)
    flag(dataset.storage.offset != nil)
    number(dataset.storage.offset ?? 0)
    data(dataset.fill)
    switch dataset.source {
    case .file: number(0)
    case .inline(let values):
      number(1)
      data(values)
    case .blocks(let blocks):
      number(2)
      list(blocks) { encoder, block in
        encoder.list(block.start) { $0.number($1) }
        encoder.number(block.offset)
        encoder.number(block.byteCount)
        encoder.number(UInt64(block.skipped))
      }
    case .reader: number(3)
    }
    flag(dataset.texts != nil)
    if let texts = dataset.texts { list(texts) { $0.text($1) } }
  }
}

/// What a record holds.
enum CatalogueTag: UInt8 {
  /// The version of the encoding, then the file's length.
  case start = 0x41
  case node = 0x4E
  case values = 0x56
  case texts = 0x54
  case failure = 0x46
  /// How many records came before.
  case end = 0x45
}
