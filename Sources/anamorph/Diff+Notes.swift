import Checkpoints
import Files
import Reports

extension Diff {
  /// What readers of the files should know, a line for each note and the files that it is of.
  static func notes(_ checkpoints: [Checkpoint]) -> String {
    var notes: [(text: String, paths: [String])] = []
    var places: [String: Int] = [:]
    for checkpoint in checkpoints {
      for note in checkpoint.notes {
        if let place = places[note] {
          if notes[place].paths.last != checkpoint.path {
            notes[place].paths.append(checkpoint.path)
          }
        } else {
          places[note] = notes.count
          notes.append((note, [checkpoint.path]))
        }
      }
    }
    return notes.map { note in
      let isEvery = note.paths.count == checkpoints.count && note.paths.count > 1
      let place =
        isEvery
        ? (note.paths.count == 2 ? "both files" : "every file")
        : note.paths.prefix(3).joined(separator: ", ") + (note.paths.count > 3 ? ", …" : "")
      return oneLine("note: \(place): \(note.text)") + "\n"
    }.joined()
  }

  /// Whether files are the same; `null` when what was compared is, but not all could be.
  static func json(_ isSame: Bool, isComplete: Bool) -> JSONText {
    isSame && !isComplete ? .null : .bool(isSame)
  }

  static func json(_ omissions: [Checkpoint.Omission]) -> JSONText {
    .array(omissions.map { ["name": .text($0.name), "reason": .text("which \($0.reason)")] })
  }

  /// Refuses to call files the same of which arrays that could be parameters were not compared.
  static func requireComplete(
    _ checkpoints: [Checkpoint], _ options: ComparisonOptions
  ) throws(FileError) {
    for checkpoint in checkpoints {
      let omissions = checkpoint.omissions(of: options)
      guard let omission = omissions.first else { continue }
      let more = omissions.count > 1 ? ", as \(omissions.count - 1) more" : ""
      throw FileError(
        path: checkpoint.path, object: omission.name,
        reason: "\(omission.reason), so it was not compared\(more); "
          + "if it is no parameter, leave it out with --exclude '\(omission.name)'")
    }
  }
}
