import Checkpoints
import Testing

@Suite struct JSONTests {
  @Test func `a Keras configuration is reached by names and positions`() throws {
    let json = try JSON(
      parsing: #"{"class_name": "Sequential", "config": [{"units": 30, "name": "a\/bé"}]}"#)
    #expect(json["class_name"]?.string == "Sequential")
    #expect(json["config"]?[0]?["units"]?.int == 30)
    #expect(json["config"]?[0]?["name"]?.string == "a/bé")
    #expect(json["config"]?[1] == nil)
    #expect(json["config"]?["units"] == nil)
  }

  @Test func `what Python writes beyond the standard is read`() throws {
    let json = try JSON(parsing: "[NaN, -Infinity, 1e-07, 0.5, -3, true, null]")
    #expect(json[0]?.double?.isNaN == true)
    #expect(json[1]?.double == -.infinity)
    #expect(json[2]?.double == 1e-7)
    #expect(json[3]?.int == nil)
    #expect(json[4]?.int == -3)
    #expect(json[5]?.bool == true)
    #expect(json[6]?.isNull == true)
  }

  @Test func `equal values give equal texts, and texts read back`() throws {
    let json: JSON = [
      "b": [1, 0.1, -2.5e-300, "line\nbreak \"quoted\" \u{1}"], "a": ["nested": nil], "c": true,
    ]
    let text = json.text()
    #expect(
      text
        == #"{"a":{"nested":null},"b":[1,0.1,-2.5e-300,"line\nbreak \"quoted\" \u0001"],"c":true}"#)
    #expect(try JSON(parsing: text) == json)
    #expect(try JSON(parsing: json.text(indented: true)) == json)
  }

  @Test func `a pair of escaped surrogates is one character`() throws {
    #expect(try JSON(parsing: #""\ud83d\ude00""#) == "😀")
    #expect(try JSON(parsing: #""\ud83d""#) == "\u{FFFD}")
  }

  @Test(arguments: [
    "", "{", "[1,", "{\"a\" 1}", "[1] 2", "\"open", "nul", "1..2", "\"\\u12\"", "0x10", "[1,]",
    String(repeating: "[", count: 100_000),
  ])
  func `what is not JSON is an error with its place, never a trap`(text: String) {
    #expect(throws: JSONError.self) { try JSON(parsing: text) }
  }
}
