import ArgumentParser
import Checkpoints
import Files

extension Diff {
  /// Refuses options that do nothing, as a misspelt one must not pass for a comparison, and those that
  /// leave nothing to compare.
  static func requireUse(of options: ComparisonOptions, _ checkpoints: [Checkpoint]) throws {
    let first = checkpoints[0]
    for rename in options.renames {
      guard first.parameters.contains(where: rename.concerns) else {
        throw FileError(
          path: first.path, object: rename.from,
          reason: "--map names it, but no parameter is called so")
      }
      guard checkpoints.dropFirst().contains(where: { options.leads(rename, from: first, to: $0) })
      else {
        throw FileError(
          path: checkpoints[1].path, object: rename.to,
          reason: "--map names it, but no parameter with the role of one in \(rename.from) is "
            + "called so")
      }
    }
    let prefix = options.strippedPrefix
    if !prefix.isEmpty,
      !checkpoints.contains(where: { $0.parameters.contains(where: options.strips) })
    {
      throw ExitCode.trouble("--strip-prefix '\(prefix)': no name of a layer begins so")
    }
    for pattern in options.exclusions {
      let one = ComparisonOptions(exclusions: [pattern])
      // Also what is not read may be meant.
      guard
        checkpoints.contains(where: {
          $0.parameters.contains(where: one.excludes)
            || $0.omissions(of: one).count < $0.omissions.count
        })
      else {
        throw ExitCode.trouble("--exclude '\(pattern)': matches no parameter of any file")
      }
    }
    guard !options.exclusions.isEmpty else { return }
    for checkpoint in checkpoints where checkpoint.parameters.allSatisfy(options.excludes) {
      throw FileError(
        path: checkpoint.path, reason: "--exclude leaves no parameter, so nothing was compared")
    }
  }
}
