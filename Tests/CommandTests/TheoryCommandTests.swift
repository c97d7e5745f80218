import Foundation
import Testing

@Suite struct TheoryCommandTests {
  private let quick = ["theory", "--seeds", "2", "--distance", "0", "0.1"]

  @Test func `the theory holds and says so on standard output alone`() throws {
    let result = try anamorph(quick)
    #expect(result.status == 0)
    #expect(result.error == "")
    #expect(result.output.contains("lower bounds on FT and LP-FT: held in 4 of 4 problems"))
    #expect(result.output.contains("no change of features outside S: held in 4 of 4 problems"))
    #expect(result.output.hasSuffix("Everything that is proved was seen.\n"))
    #expect(!result.output.contains("\u{1B}"))
  }

  @Test func `the same seed prints the same bytes`() throws {
    for format in ["text", "csv", "json"] {
      let arguments = quick + ["--seed", "7", "--format", format]
      let first = try anamorph(arguments).output
      #expect(first == (try anamorph(arguments)).output)
      #expect(first != (try anamorph(quick + ["--seed", "8", "--format", format])).output)
    }
  }

  @Test func `CSV has a row for each training of each seed`() throws {
    let result = try anamorph(quick + ["--format", "csv"])
    #expect(result.status == 0)
    let lines = result.output.split(separator: "\r\n", omittingEmptySubsequences: true)
    // Two distances, two seeds, three trainings; two seeds of five controls; a header.
    #expect(lines.count == 2 * 2 * 3 + 2 * 5 + 1)
    #expect(lines[0].hasPrefix("distance,seed,training,ood_error,"))
    let header = lines[0].split(separator: ",", omittingEmptySubsequences: false)
    let adam = try #require(lines.first { $0.contains(",Adam,") })
    let fields = adam.split(separator: ",", omittingEmptySubsequences: false)
    #expect(fields.count == header.count)
    let column = try #require(header.firstIndex(of: "change_outside_span"))
    #expect(try #require(Double(fields[column])) > 0.01)
  }

  @Test func `JSON holds settings, tables and every run`() throws {
    let result = try anamorph(quick + ["--format", "json", "--rank", "3", "--signal-norm", "2"])
    #expect(result.status == 0)
    let object = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
    let members = try #require(object as? [String: Any])
    #expect(members["holds"] as? Bool == true)
    let settings = try #require(members["settings"] as? [String: Any])
    #expect(settings["rank"] as? Int == 3)
    #expect(settings["signal_norm"] as? Double == 2)
    #expect((members["runs"] as? [Any])?.count == 22)
    #expect((members["errors"] as? [Any])?.count == 2)
  }

  @Test(arguments: [
    (["--rank", "8"], "rank"), (["--dimension", "12"], "dimension"),
    (["--distance", "1.5"], "distance"), (["--distance", "nan"], "distance"),
    (["--examples", "3"], "examples"), (["--seeds", "0"], "seeds"),
    (["--signal-norm", "0"], "signal"), (["--format", "xml"], "format"),
    (["--seed", "-1"], "seed"), (["--dimension", "9223372036854775807"], "simulation"),
    (["--unknown"], "unknown"), (["surplus"], "surplus"),
  ])
  func `wrong usage ends with 64 and a word about it`(arguments: [String], word: String) throws {
    let result = try anamorph(["theory"] + arguments)
    #expect(result.status == 64)
    #expect(result.output == "")
    #expect(result.error.hasPrefix("Error: "))
    #expect(result.error.contains(word))
  }

  @Test func `help tells the exit status`() throws {
    let result = try anamorph(["theory", "--help"])
    #expect(result.status == 0)
    #expect(result.output.contains("Exit status: 0 when"))
    #expect(result.output.contains("--id-dimension"))
  }
}
