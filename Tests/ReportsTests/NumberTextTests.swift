import Reports
import Testing

@Suite struct NumberTextTests {
  @Test(
    arguments: [
      (0.437, 4, "0.4370"), (12.5, 4, "12.50"), (1234.0, 4, "1234"), (12345.0, 4, "1.234e+04"),
      (0.0000012, 2, "1.2e-06"), (0, 4, "0"), (-0.0, 4, "0"), (-1.0, 1, "-1"), (1e10, 1, "1e+10"),
      (9.9996, 4, "10.00"), (0.1, 17, "0.10000000000000001"), (-.infinity, 3, "-inf"),
    ] as [(Double, Int, String)])
  func `significant digits keep their trailing zeros`(value: Double, digits: Int, text: String) {
    #expect(NumberText.significant(value, digits: digits) == text)
  }

  @Test func `shares are shown as percentages`() {
    #expect(NumberText.percent(0.931) == "93.1%")
    #expect(NumberText.percent(1, decimals: 0) == "100%")
    #expect(NumberText.percent(-0.00001) == "0.0%")
  }

  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1,000"), (-58_423, "-58,423"), (1_000_000, "1,000,000"),
  ])
  func `thousands are set apart`(value: Int, text: String) {
    #expect(NumberText.count(value) == text)
  }

  @Test(
    arguments: [
      (0, "0 ms"), (0.0021, "2.1 ms"), (0.21, "0.21 s"), (9.97, "10 s"), (48.2, "48 s"),
      (59.9, "1 min 00 s"), (185, "3 min 05 s"), (7620, "2 h 07 min"), (.infinity, "unknown"),
    ] as [(Double, String)])
  func `durations use the units people would`(seconds: Double, text: String) {
    #expect(NumberText.duration(seconds: seconds) == text)
  }

  @Test(arguments: [
    (1, "1 byte"), (17, "17 bytes"), (1536, "1.50 KiB"), (1_047_552, "1023 KiB"),
    (5 << 30, "5.00 GiB"),
  ])
  func `sizes are in powers of 1024`(count: Int, text: String) {
    #expect(NumberText.bytes(count) == text)
  }

  @Test func `colour needs a terminal that wants it`() {
    #expect(Style.terminal(width: 80, noColor: nil, kind: "xterm").isDecorated)
    #expect(Style.terminal(width: 80, noColor: "", kind: "xterm").isDecorated)
    #expect(!Style.terminal(width: 80, noColor: "1", kind: "xterm").isDecorated)
    #expect(!Style.terminal(width: 80, noColor: nil, kind: "dumb").isDecorated)
    #expect(Style.plain.bold("a") == "a")
  }
}
