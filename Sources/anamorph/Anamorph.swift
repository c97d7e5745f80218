import ArgumentParser

@main
struct Anamorph: ParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "anamorph",
    abstract: "Tell what fine-tuning did to a network: which weights moved, in which directions, "
      + "and whether its features moved with them.",
    version: version,
    subcommands: [
      Inspect.self,
      Diff.self,
      Convert.self,
      Theory.self,
      Features.self,
      Distort.self,
      Train.self,
      Verify.self,
      Export.self,
    ])
}
