import Files
import Foundation
import TestSupport
import Testing

/// What a checkpoint of a stranger may ask for and does not get, said by name in one line.
@Suite struct RefusalByNameTests {
  @Test(arguments: [
    ("external_link", "/layer/kernel: an external link to /secret in passwords.h5, which is never"),
    (
      "external_storage",
      "/layer/kernel: its values are in other files; external storage is refused"
    ),
    ("virtual", "/layer/kernel: its values are in other datasets; virtual datasets are refused"),
    ("plug_in", "/layer/kernel: compressed with "),
    ("shape_bomb", "/layer/kernel: claims 8796093022208 bytes of values but stores "),
    ("long_strings", "/layer/kernel: "),
    ("circle", "/layer/kernel: a group that holds itself, which is never followed; save the file"),
  ])
  func `a parameter that is not what it seems`(name: String, words: String) throws {
    let path = hostile(name)
    try withTemporaryFolder { folder in
      for arguments in [
        ["inspect", path], ["inspect", "--stats", path], ["diff", path, path],
        ["convert", path, folder + "/out.h5"],
      ] {
        let run = try MeasuredRun(arguments, folder: folder)
        #expect(run.status == 2)
        #expect(run.error.hasPrefix("anamorph: \(path): \(words)"), "\(run.error)")
        #expect(
          run.complaint(file: 20_000, constant: 320 << 20, seconds: 60, different: false) == nil)
      }
    }
  }

  /// The library believes the length, and may end for it: in the process that is there for that.
  @Test func `a text of absurd length`() throws {
    try withTemporaryFolder { folder in
      let run = try MeasuredRun(["inspect", "--stats", hostile("text")], folder: folder)
      let complaint = run.complaint(
        file: 20_000, constant: 320 << 20, seconds: 60, different: false)
      #expect(complaint == nil)
    }
  }

  private func hostile(_ name: String) -> String {
    fixture("hostile_\(name).h5")
  }
}
