/// Who parses the structures of a file.
///
/// HDF5's own library crashes or hangs on some damaged files. A program that reads files of
/// strangers lets a process of its own do it, and only ever sees a checked description:
///
///     try FileReader.$current.withValue(.childProcess(ReaderProcess(executable: path))) {
///       let file = try File(readingAt: "downloaded.h5")
///     }
public enum FileReader: Sendable {
  /// The library in this process: for files that are trusted, and for tests.
  case inProcess
  /// A child process under limits; this process maps plain values and decodes compressed ones.
  case childProcess(ReaderProcess)

  /// Who reads the files that this task opens from now on.
  @TaskLocal public static var current = FileReader.inProcess
}
