import Checkpoints
import Datasets

extension Experiment {
  /// The SHA-256 digest of every file the experiment reads, by path.
  ///
  /// - Parameter folder: What paths in the experiment are relative to.
  /// - Throws: `FileError` when a file cannot be read.
  func inputDigests(folder: String) throws -> [String: String] {
    let names: [String] =
      switch task {
      case .subspace: []
      case .styles(let settings): [settings.images]
      case .files(let settings):
        [settings.pretrained]
          + ([settings.training, settings.validation, settings.id] + settings.ood)
          .flatMap { [$0.set] + ($0.labels.map { [$0] } ?? []) }
      }
    var digests: [String: String] = [:]
    for name in names {
      let file = SetName(parsing: Experiment.located(name, in: folder)).file
      if file.isEmpty || digests[file] != nil { continue }
      digests[file] = try SHA256.digest(ofFile: file)
    }
    return digests
  }

  /// A path of the experiment, as seen from where the command runs; `::/path` stays as it is.
  static func located(_ path: String, in folder: String) -> String {
    path.hasPrefix("/") || path.hasPrefix("::") || folder == "." ? path : "\(folder)/\(path)"
  }
}
