public import ArgumentParser
public import Checkpoints
import Files

struct Convert: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write a checkpoint in Anamorph's layout or as safetensors.",
    discussion: """
      Arrays are written as they are, in model order; nothing is transposed, and the digest stays \
      the same. Architecture and training are kept, the state of optimizers is not. The file \
      appears whole or not at all.

      Exit status: 0, or 2 when the checkpoint cannot be read or written.
      """)

  @Argument(
    help: "The checkpoint to read, in any layout that inspect reads.",
    completion: .file(extensions: ["h5", "hdf5", "keras", "safetensors", "npz"]))
  var input: String

  @Argument(
    help: "The file to write: .h5 for Anamorph's layout, .safetensors for that.",
    completion: .file(extensions: ["h5", "safetensors"]))
  var output: String

  @Option(help: "The layout to write, whatever the output is called.")
  var to: WrittenLayout?

  func run() throws {
    try reporting {
      guard let layout = to ?? Self.layout(of: output) else {
        throw FileError(
          path: output, reason: "neither .h5 nor .safetensors; say --to anamorph or safetensors")
      }
      let checkpoint = try Checkpoint.open(input)
      for omission in checkpoint.omissions {
        StandardError.say(
          oneLine(
            "anamorph: note: \(input): \(omission.name): \(omission.reason), and is not written"))
      }
      try checkpoint.write(to: output, as: layout)
      guard try Checkpoint.open(output).digest() == checkpoint.digest() else {
        throw FileError(path: output, reason: "does not hold what was written; check the disk")
      }
    }
  }

  private static func layout(of path: String) -> WrittenLayout? {
    if path.hasSuffix(".safetensors") { return .safetensors }
    return path.hasSuffix(".h5") || path.hasSuffix(".hdf5") ? .anamorph : nil
  }
}

extension WrittenLayout: ExpressibleByArgument {}
