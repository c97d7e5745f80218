import Reports
import Testing

@Suite struct CSVTests {
  @Test(arguments: [
    ["plain", "with, comma"], ["say \"hi\"", ""], ["two\nlines", "a\r\nb"], [" spaces ", "\r"],
    [""], ["\"", "\"\""], ["ünïcödé", "é\r\n,"],
  ])
  func `what is written is read back`(row: [String]) {
    var csv = CSV(header: ["a", "b"])
    csv.append(row)
    csv.append(["last", "row"])
    #expect(CSV.rows(of: csv.text) == [["a", "b"], row, ["last", "row"]])
  }

  @Test func `rows end in carriage return and line feed`() {
    #expect(CSV(header: ["a", "b c"]).text == "a,b c\r\n")
  }

  @Test func `a line break of two characters is quoted too`() {
    #expect(CSV(header: ["a\r\nb"]).text == "\"a\r\nb\"\r\n")
  }

  @Test func `other people's files are read too`() {
    #expect(CSV.rows(of: "a,b\n1,2\n\n3,") == [["a", "b"], ["1", "2"], ["3", ""]])
    #expect(CSV.rows(of: "") == [])
    #expect(CSV.rows(of: "\"never ends, it") == [["never ends, it"]])
  }
}
