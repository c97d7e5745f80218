import Foundation
import Reports
import Testing

@Suite struct JSONTextTests {
  @Test func `keys keep their order and values their kinds`() {
    let value: JSONText = [
      "zebra": 1, "apple": [1, 2.5, nil], "flag": true, "nested": ["a": [["b": "c"]]], "empty": [:],
      "none": [],
    ]
    #expect(
      value.rendered() == """
        {
          "zebra": 1,
          "apple": [1, 2.5, null],
          "flag": true,
          "nested": {
            "a": [
              {
                "b": "c"
              }
            ]
          },
          "empty": {},
          "none": []
        }
        """)
    #expect(
      value.rendered(isCompact: true)
        == #"{"zebra":1,"apple":[1,2.5,null],"flag":true,"nested":{"a":[{"b":"c"}]},"empty":{},"none":[]}"#
    )
  }

  @Test func `strings are escaped so that any reader gets them back`() throws {
    let text = "quote \" backslash \\ slash / \n\r\t\u{0}\u{1F}\u{7F}\u{2028} é 🦒"
    let rendered = JSONText.array([.text(text)]).rendered()
    #expect(rendered.contains(#"\" backslash \\ slash / \n\r\t\u0000\u001f\u007f\u2028 é 🦒"#))
    let foundation = try JSONSerialization.jsonObject(with: Data(rendered.utf8)) as? [String]
    #expect(foundation == [text])
    #expect(try JSONText(parsing: rendered) == .array([.text(text)]))
  }

  @Test func `numbers read back to the same bits, and what is no number is null`() throws {
    let value: JSONText = [
      "double": .number(0.1 + 0.2), "single": .single(0.1), "large": .unsigned(.max),
      "least": .integer(.min), "nan": .number(.nan), "infinite": .single(.infinity),
    ]
    let text = value.rendered(isCompact: true)
    #expect(
      text == """
        {"double":0.30000000000000004,"single":0.1,"large":18446744073709551615,\
        "least":-9223372036854775808,"nan":null,"infinite":null}
        """)
    let back = try JSONText(parsing: text)
    #expect(back["large"] == .unsigned(.max))
    #expect(back["least"]?.integer == .min)
    #expect(back["large"]?.integer == nil)
  }

  @Test func `what RFC 8259 allows is read`() throws {
    let value = try JSONText(
      parsing: #" { "a" : [ -0 , 0.5e-3 , 1E2 , "\u00e9\ud83e\udd92\/" , true , null ] } "#)
    #expect(value["a"] == [-0.0, 0.5e-3, 100.0, "é🦒/", true, nil])
    #expect(try JSONText(parsing: "100000000000000000000000").double == 1e23)
  }

  @Test(arguments: [
    ("", 1, "the text ends where a value should be"),
    ("[1,\n2,]", 2, "this is not a value"),
    ("{\"a\": 1, \"a\": 2}", 1, "the key \"a\" appears twice"),
    ("{a: 1}", 1, "a key in quotes should be here"),
    ("\"abc", 1, "a string does not end"),
    ("\"\\ud800\"", 1, "half a surrogate pair"),
    ("\"\\x\"", 1, "an unknown escape in a string"),
    ("\"\t\"", 1, "a control character in a string must be escaped"),
    ("01", 1, "this is not a value"),
    ("1.", 1, "digits should follow the point"),
    ("NaN", 1, "this is not a value"),
    ("1e999", 1, "1e999 is too large"),
    ("{} {}", 1, "something follows the value"),
    ("[1 2]", 1, "a comma or ] should follow an element"),
    (String(repeating: "[", count: 100_000), 1, "nested more than 256 levels deep"),
  ])
  func `what is not JSON is refused with its line`(text: String, line: Int, reason: String) {
    #expect(throws: JSONSyntaxError(line: line, reason: reason)) { try JSONText(parsing: text) }
  }

  @Test func `setting a key keeps the order`() {
    let value: JSONText = ["a": 1, "b": 2]
    #expect(value.setting("a", to: 3) == ["a": 3, "b": 2])
    #expect(value.setting("c", to: 3) == ["a": 1, "b": 2, "c": 3])
  }
}

@Suite struct NotebookTests {
  @Test func `a notebook is JSON with what nbformat 4.5 requires`() throws {
    let notebook = Notebook([.markdown("# Title\n\ntext"), .code("import pandas\npandas\n")])
    let object = try JSONSerialization.jsonObject(with: Data(notebook.text.utf8))
    let root = try #require(object as? [String: Any])
    #expect(root["nbformat"] as? Int == 4)
    #expect(root["nbformat_minor"] as? Int == 5)
    let cells = try #require(root["cells"] as? [[String: Any]])
    #expect(cells.map { $0["cell_type"] as? String } == ["markdown", "code"])
    #expect(cells[0]["source"] as? [String] == ["# Title\n", "\n", "text"])
    #expect(cells[1]["source"] as? [String] == ["import pandas\n", "pandas\n"])
    #expect((cells[1]["outputs"] as? [Any])?.isEmpty == true)
    #expect(cells[1]["execution_count"] is NSNull)
    #expect(cells[0]["outputs"] == nil)
    let names = cells.compactMap { $0["id"] as? String }
    #expect(names.count == 2 && Set(names).count == 2)
    let metadata = try #require(root["metadata"] as? [String: [String: String]])
    #expect(metadata["kernelspec"]?["name"] == "python3")
  }
}
