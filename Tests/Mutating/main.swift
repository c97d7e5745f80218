// Damages small checkpoints of every layout and reads each through a reader process, as the command
// does: opened, summed up, compared with the sound one, converted. One process reads many files, so
// that a reader is all that is started for each. `script/fuzz` runs it.
//
//     mutating COUNT SEED FOLDER    files that fail are kept in FOLDER

import Foundation
import HDF5

let arguments = Array(CommandLine.arguments.dropFirst())
switch arguments.first {
case "read-structures": exit(ReaderService.run(Array(arguments.dropFirst())))
case "work" where arguments.count == 4:
  guard let first = UInt64(arguments[1]), let last = UInt64(arguments[2]) else { exit(64) }
  try MutationWorker(folder: arguments[3]).run(first..<last)
default:
  guard arguments.count == 3, let count = UInt64(arguments[0]), let seed = UInt64(arguments[1])
  else {
    FileHandle.standardError.write(Data("usage: mutating COUNT SEED FOLDER\n".utf8))
    exit(64)
  }
  exit(try MutationSupervisor(kept: arguments[2]).run(seed..<seed + count) ? 0 : 1)
}
