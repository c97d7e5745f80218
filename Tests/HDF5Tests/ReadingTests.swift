import HDF5
import TestSupport
import Testing

@Suite struct ReadingTests {
  static let values: [Double] = [0, 1, -2.5, 3.25, 1024, -0.0009765625]

  @Test(arguments: ["f2", "f4", "f8"], ["little", "big"])
  func `floating-point values are read exactly in any width and byte order`(
    kind: String, order: String
  ) throws {
    let dataset = try open("types.h5").root.dataset("floats/\(kind)_\(order)")
    let types: [String: ElementType] = ["f2": .float16, "f4": .float32, "f8": .float64]
    #expect(dataset.elementType == types[kind])
    #expect(dataset.isBigEndian == (order == "big"))
    #expect(dataset.shape == [2, 3])
    #expect(try dataset.read(as: Double.self) == Self.values)
    #expect(try dataset.read(as: Float.self) == Self.values.map(Float.init))
    #expect(throws: HDF5Error.self) { try dataset.read(as: Int64.self) }
  }

  @Test(arguments: [8, 16, 32, 64], ["little", "big"])
  func `whole numbers are read exactly to their limits`(bits: Int, order: String) throws {
    let root = try open("types.h5").root
    let signed = try root.dataset("integers/i\(bits / 8)_\(order)")
    #expect(signed.elementType == .integer(bits: bits, signed: true))
    let limit = Int64.max >> (64 - bits)
    #expect(try signed.read(as: Int64.self) == [-limit - 1, 7, limit])
    let unsigned = try root.dataset("integers/u\(bits / 8)_\(order)")
    #expect(unsigned.elementType == .integer(bits: bits, signed: false))
    #expect(try unsigned.read(as: UInt64.self) == [0, 7, UInt64.max >> (64 - bits)])
    let error = try #require(throws: HDF5Error.self) { try signed.read(as: UInt8.self) }
    #expect(error.kind == .wrongType)
  }

  @Test func `truth values are zeros and ones`() throws {
    let dataset = try open("types.h5").root.dataset("bool")
    #expect(dataset.elementType == .boolean)
    #expect(try dataset.read(as: UInt8.self) == [1, 0, 1])
    #expect(try dataset.read(as: Float.self) == [1, 0, 1])
  }

  @Test func `bfloat16 as Keras stores it is read, other opaque bytes are not`() throws {
    let root = try open("types.h5").root
    let dataset = try root.dataset("bfloat16")
    #expect(dataset.elementType == .bfloat16)
    #expect(try dataset.read(as: Float.self).prefix(2) == [1, -2.5])
    #expect(try dataset.read(as: Float.self, rows: 1..<2) == [-2.5])
    #expect(try root.dataset("opaque").elementType == .opaque(bytes: 2, tag: ""))
    let error = try #require(throws: HDF5Error.self) {
      try root.dataset("opaque").read(as: Float.self)
    }
    #expect(error.kind == .wrongType)
  }

  @Test func `what is not finite, not normal or negative zero stays so`() throws {
    let values = try open("types.h5").root.dataset("special").read(as: Float.self)
    #expect(values[0].isNaN)
    #expect(values[1...2] == [.infinity, -.infinity])
    #expect(values[3].sign == .minus && values[3] == 0)
    #expect(values[4] == .leastNonzeroMagnitude)
  }

  @Test(arguments: ["complex", "array"])
  func `a type that is not read is named`(name: String) throws {
    let dataset = try open("types.h5").root.dataset(name)
    let error = try #require(throws: HDF5Error.self) { try dataset.read(as: Float.self) }
    #expect(error.kind == .wrongType)
    #expect(
      error.description.hasSuffix("types.h5: /\(name): holds \(dataset.elementType), not numbers"))
  }

  @Test func `texts of fixed and of any length are read`() throws {
    let root = try open("strings.h5").root
    #expect(
      try root.dataset("variable").readStrings()
        == ["kernel", "", "größe", String(repeating: "x", count: 300)])
    #expect(try root.dataset("variable").readStrings(rows: 1..<3) == ["", "größe"])
    #expect(try root.dataset("fixed").readStrings() == ["full", "ab", ""])
    #expect(try root.dataset("fixed").readStrings(rows: 0..<1) == ["full"])
    #expect(try root.dataset("space_padded").readStrings() == ["ab", "a b"])
    #expect(try root.dataset("scalar").readStrings() == ["one text"])
    #expect(throws: HDF5Error.self) { try root.dataset("fixed").read(as: Float.self) }
  }

  @Test func `attributes are read as their kind`() throws {
    let root = try open("strings.h5").root
    func attribute(_ name: String) throws -> Attribute { try #require(try root.attribute(name)) }
    #expect(try attribute("names_fixed").strings == ["conv2d_1/kernel:0", "conv2d_1/bias:0"])
    #expect(try attribute("names_variable").strings == ["a", "bc"])
    #expect(try attribute("names_empty").strings == [])
    #expect(try attribute("ascii").string == "tensorflow")
    #expect(try attribute("text").string == "2.15.0")
    #expect(try attribute("numbers").values == .integers([1, 2, 3]))
    #expect(try attribute("number").number == 0.5)
    let huge = try attribute("huge")
    #expect(huge.values == .numbers([0x1p64]))
    #expect(try attribute("null").strings == [])
    #expect(try attribute("compound").values == .unread)
    #expect(try root.attribute("absent") == nil)
    #expect(try root.attributeNames().count == 10)
  }

  @Test func `scalar, null and empty spaces are told apart`() throws {
    let root = try open("spaces.h5").root
    let scalar = try root.dataset("scalar")
    #expect(scalar.shape == [] && !scalar.isNull && scalar.count == 1)
    #expect(try scalar.read(as: Float.self) == [2.5])
    let null = try root.dataset("null")
    #expect(null.isNull && null.count == 0)
    #expect(try null.read(as: Float.self) == [])
    let empty = try root.dataset("empty")
    #expect(empty.shape == [0, 3])
    #expect(try empty.read(as: Float.self) == [])
    #expect(try empty.read(as: Float.self, rows: 0..<0) == [])
  }

  @Test func `a range of rows is the same part of the whole`() throws {
    let dataset = try open("spaces.h5").root.dataset("rank4")
    let whole = try dataset.read(as: Float.self)
    #expect(whole == (0..<120).map(Float.init))
    #expect(try dataset.read(as: Float.self, rows: 1..<2) == Array(whole[60...]))
    #expect(try dataset.read(as: Float.self, rows: 0..<0) == [])
  }

  @Test(arguments: ["contiguous", "gzip", "checked"])
  func `every kind of storage gives the same rows`(name: String) throws {
    let dataset = try open("storage.h5").root.dataset(name)
    #expect(try dataset.read(as: Float.self) == (0..<420).map(Float.init))
    #expect(try dataset.read(as: Float.self, rows: 5..<13) == (35..<91).map(Float.init))
  }

  @Test func `blocks that were never written read as the fill value`() throws {
    let values = try open("storage.h5").root.dataset("partly").read(as: Float.self)
    #expect(values[0..<70].allSatisfy { $0 == -1 })
    #expect(values[70] == 70)
  }

  @Test func `newer superblocks and many attributes are read`() throws {
    let root = try open("latest.h5").root
    #expect(try root.dataset("gzip").read(as: Double.self, rows: 59..<60).last == 419)
    #expect(try root.attributeNames().count == 20)
    #expect(try root.attribute("a17")?.integer == 17)
  }

  @Test func `soft links are followed, from the group they are in`() throws {
    let root = try open("spaces.h5").root
    #expect(try root.dataset("group/soft").path == "/rank4")
    #expect(try root.group("group").dataset("relative").shape == [2, 3, 4, 5])
    #expect(root.contains("group/soft") && !root.contains("dangling") && !root.contains("nothing"))
  }

  @Test func `a group tells what it holds without opening links`() throws {
    let entries = try open("spaces.h5").root.entries()
    #expect(entries.map(\.name) == entries.map(\.name).sorted())
    let kinds = Dictionary(uniqueKeysWithValues: entries.map { ($0.name, $0.kind) })
    #expect(kinds["group"] == .group)
    #expect(kinds["rank4"] == .dataset)
    #expect(kinds["circle"] == .softLink)
    #expect(kinds["outside"] == .externalLink)
  }

  private func open(_ name: String) throws -> File { try File(readingAt: fixture(name)) }

  @Test(arguments: ["patterned", "shuffled", "checked", "many"])
  func `values that h5py compressed with lzf are read`(name: String) throws {
    let dataset = try File(readingAt: fixture("filters.h5")).root.dataset(name)
    #expect(try dataset.read(as: Float.self) == (0..<4200).map { Float($0 / 50 % 9) })
    #expect(
      try dataset.read(as: Float.self, rows: 300..<301) == (2100..<2107).map { Float($0 / 50 % 9) })
  }

  @Test func `blocks that lzf made no smaller are read`() throws {
    let dataset = try File(readingAt: fixture("filters.h5")).root.dataset("noise")
    let values = try dataset.read(as: Double.self)
    // Sums that NumPy gives.
    #expect(values.count == 112)
    #expect(abs(values.reduce(0, +) - -6.296969552291557) < 1e-9)
  }
}
