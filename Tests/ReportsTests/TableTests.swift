import Reports
import Testing

@Suite struct TableTests {
  static var layers: Table {
    var table = Table(
      "layers",
      columns: [
        Column("layer", meaning: "Its name."),
        Column("parameters", .integer, meaning: "How many."),
        Column(
          "change", .number(significantDigits: 3), title: "rel. change", unit: "1",
          convention: "Frobenius", meaning: "‖ΔW‖ / ‖W‖.", hasReason: true),
        Column("share", .percent(decimals: 1), meaning: "Of the whole."),
        Column("frozen", .truth, meaning: "Whether it was kept."),
      ])
    table.append(["conv1", 864, 0.1, 0.25, true])
    table.append(["fc, \"head\"", 40, .undefined("the kernel is zero"), 1, false])
    table.append(["größe", 7, .single(0.1), .none, false])
    return table
  }

  @Test func `text aligns words left and numbers right, and explains what is undefined`() {
    #expect(
      Self.layers.rendered(as: .text) == """
        layer       parameters  rel. change   share  frozen
        conv1              864        0.100   25.0%  yes
        fc, "head"          40            –  100.0%  no
        größe                7        0.100          no
        – rel. change: undefined: the kernel is zero

        """)
  }

  @Test func `the heading is bold only where the style allows it`() {
    let style = Style(isDecorated: true)
    #expect(Self.layers.text(style: style).hasPrefix("\u{1B}[1mlayer  "))
    #expect(!Self.layers.text(style: .plain).contains("\u{1B}"))
  }

  @Test func `CSV keeps every digit, quotes what needs it, and gives the reason its own field`() {
    #expect(
      Self.layers.rendered(as: .csv)
        == [
          "layer,parameters,change,change_reason,share,frozen",
          "conv1,864,0.1,,0.25,true",
          "\"fc, \"\"head\"\"\",40,,the kernel is zero,1,false",
          "größe,7,0.1,,,false",
          "",
        ].joined(separator: "\r\n"))
  }

  @Test func `JSON has one object per row, with null for undefined`() throws {
    let json = try JSONText(parsing: Self.layers.rendered(as: .json))
    let rows = try #require(json.elements)
    #expect(rows.count == 3)
    #expect(rows[1]["layer"]?.text == "fc, \"head\"")
    #expect(rows[1]["change"] == .null)
    #expect(rows[1]["change_reason"]?.text == "the kernel is zero")
    #expect(rows[0]["change_reason"] == .null)
    #expect(rows[0]["share"]?.double == 0.25)
    #expect(rows[0].members?.map(\.name) == Self.layers.fieldNames)
  }

  @Test(arguments: [
    0.1 + 0.2, 1.0 / 3, .leastNonzeroMagnitude, .greatestFiniteMagnitude, -0.0, 123456789.123456789,
  ])
  func `a Double survives CSV and JSON to the last bit`(value: Double) throws {
    var table = Table(
      "t", columns: [Column("x", .number(significantDigits: 2), meaning: "A value.")])
    table.append([.number(value)])
    let fromCSV = try #require(Double(CSV.rows(of: table.csv)[1][0]))
    let fromJSON = try #require(
      try JSONText(parsing: table.rendered(as: .json)).elements?[0]["x"]?.double)
    #expect(fromCSV.bitPattern == value.bitPattern)
    #expect(fromJSON.bitPattern == value.bitPattern)
  }

  @Test func `a Float is written with the digits of a Float`() {
    var table = Table(
      "t", columns: [Column("x", .number(significantDigits: 2), meaning: "A value.")])
    table.append([.single(0.1)])
    #expect(table.csv == "x\r\n0.1\r\n")
  }

  @Test(arguments: [Double.nan, .infinity, -.infinity])
  func `a number that is not finite is undefined in every rendering`(value: Double) {
    var table = Table(
      "t", columns: [Column("x", .number(significantDigits: 2), meaning: "x", hasReason: true)])
    table.append([.number(value)])
    #expect(table.csv == "x,x_reason\r\n,\(value.isNaN ? "not a number" : "infinite")\r\n")
    #expect(table.rendered(as: .json).contains("\"x\": null"))
    #expect(table.text().contains("–"))
  }

  @Test func `on a narrow terminal words are cut and numbers are not`() {
    var table = Table(
      "t",
      columns: [
        Column("name", meaning: "x"), Column("value", .number(significantDigits: 6), meaning: "x"),
      ])
    table.append(["a/very/long/name/of/a/layer", 12.3456])
    let text = table.text(style: Style(isDecorated: false, width: 20))
    #expect(text.split(separator: "\n")[1] == "a/very/lon…  12.3456")
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 20 })
  }

  @Test func `wide and combining characters keep the columns aligned`() {
    var table = Table(
      "t",
      columns: [Column("name", meaning: "x"), Column("n", .integer, meaning: "x")])
    table.append(["日本", 1])
    table.append(["e\u{301}", 2])
    #expect(table.text() == "name  n\n日本  1\ne\u{301}     2\n")
  }

  @Test func `a name from a file cannot send escape codes or break the line`() {
    var table = Table("t", columns: [Column("name", meaning: "x")])
    table.append(["a\u{1B}[2Jb\nc"])
    #expect(table.text() == "name\na\u{FFFD}[2Jb\u{FFFD}c\n")
  }

  @Test func `an empty table still has its header`() {
    let table = Table("t", columns: [Column("name", meaning: "x")])
    #expect(table.text() == "name\n")
    #expect(table.csv == "name\r\n")
    #expect(table.rendered(as: .json) == "[]\n")
  }

  @Test func `a row of the wrong length is the programmer's mistake`() async {
    await #expect(processExitsWith: .failure) {
      var table = Table("t", columns: [Column("name", meaning: "x")])
      table.append(["a", "b"])
    }
  }
}

@Suite struct DataDictionaryTests {
  @Test func `the dictionary has a line for every field of every table`() {
    let tables = [
      TableTests.layers,
      Table("runs", columns: [Column("seed", .integer, meaning: "The seed.", hasReason: true)]),
    ]
    let dictionary = DataDictionary(tables)
    let listed = dictionary.table.rows.map { [$0[0], $0[1]] }
    let expected = tables.flatMap { table in
      table.fieldNames.map { [Cell.text(table.name), Cell.text($0)] }
    }
    #expect(listed == expected)
    for field in expected.map({ $0[1] }) {
      guard case .text(let name) = field else { continue }
      #expect(dictionary.markdown.contains("| `\(name)` |"))
    }
    #expect(dictionary.table.rows.allSatisfy { $0[5] != .text("") })
  }

  @Test func `Markdown keeps bars inside their field`() {
    let table = Table("t", columns: [Column("x", meaning: "a | b")])
    #expect(DataDictionary([table]).markdown.contains("| a \\| b |"))
  }
}
