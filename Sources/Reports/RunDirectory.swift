import Files

#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A folder that holds what one run of an analysis found.
///
/// ```
/// RUN/run.json          versions, inputs with digests, seeds, arguments
/// RUN/tables/NAME.csv   every number, one tidy table per file
/// RUN/…                 features, moments, notebook, report: named by whoever writes them
/// ```
///
/// `run.json` is what makes a folder a run directory. Every file appears whole or not at all.
public struct RunDirectory: Equatable, Sendable {
  /// The folder.
  public let path: String

  private init(path: String) { self.path = path }

  /// Makes the folder and its `tables` folder, or uses them where they are already there.
  ///
  /// - Throws: ``Files/FileError``.
  public static func create(at path: String) throws -> RunDirectory {
    let run = RunDirectory(path: path)
    try makeFolder(path)
    try makeFolder(run.tablesFolder)
    return run
  }

  /// Opens a folder that an earlier run left.
  ///
  /// - Throws: ``Files/FileError``, also when there is no `run.json` in it.
  public static func open(_ path: String) throws -> RunDirectory {
    var status = stat()
    guard stat(path, &status) == 0 else { throw FileError.system(path) }
    let run = RunDirectory(path: path)
    guard status.st_mode & S_IFMT == S_IFDIR, access(run.recordPath, F_OK) == 0 else {
      // `run.json` is written last, and `tables` is made first.
      let isUnfinished = access(run.tablesFolder, F_OK) == 0
      throw FileError(
        path: path,
        reason: isUnfinished
          ? "an unfinished run: no run.json yet; give the command that began it again to finish it"
          : "not a run directory: no run.json")
    }
    return run
  }

  /// The path of `name` inside the run.
  public func file(_ name: String) -> String {
    path.hasSuffix("/") ? path + name : "\(path)/\(name)"
  }

  /// Makes the folder `name` inside the run unless it is there, and returns its path.
  ///
  /// - Throws: ``Files/FileError``.
  public func folder(_ name: String) throws -> String {
    let folder = file(name)
    try RunDirectory.makeFolder(folder)
    return folder
  }

  private var recordPath: String { file("run.json") }
  private var tablesFolder: String { file("tables") }
}

// MARK: The record

extension RunDirectory {
  /// Writes `run.json`.
  ///
  /// - Throws: ``Files/FileError``.
  public func write(record: JSONText) throws {
    try AtomicFile.write(record.rendered() + "\n", to: recordPath)
  }

  /// Reads `run.json`.
  ///
  /// - Throws: ``Files/FileError``, also when it is not a JSON object.
  public func record() throws -> JSONText {
    let text = try TextFile.text(of: recordPath)
    do {
      let record = try JSONText(parsing: text)
      guard record.members != nil else {
        throw FileError(path: recordPath, reason: "not a JSON object")
      }
      return record
    } catch let error as JSONSyntaxError {
      throw FileError(path: recordPath, object: "line \(error.line)", reason: error.reason)
    }
  }
}

// MARK: Tables

extension RunDirectory {
  /// Writes `tables/NAME.csv`.
  ///
  /// - Throws: ``Files/FileError``.
  /// - Precondition: the table's name can be the name of a file.
  public func write(_ table: Table) throws {
    try AtomicFile.write(table.csv, to: tablePath(table.name))
  }

  /// Writes the tables, and `tables/dictionary.csv` and `tables/README.md` that explain them.
  ///
  /// - Throws: ``Files/FileError``.
  public func write(_ tables: [Table]) throws {
    for table in tables { try write(table) }
    let dictionary = DataDictionary(tables)
    try write(dictionary.table)
    try AtomicFile.write(dictionary.markdown, to: "\(tablesFolder)/README.md")
  }

  /// The names of the tables in the run, in alphabetical order.
  ///
  /// - Throws: ``Files/FileError``.
  public func tableNames() throws -> [String] {
    try Folder.files(in: tablesFolder)
      .filter { $0.hasSuffix(".csv") && !$0.hasPrefix(".") }
      .map { String($0.dropLast(4)) }.sorted()
  }

  /// The rows of the table `name` as they stand in its file, the header first.
  ///
  /// - Throws: ``Files/FileError``.
  public func tableRows(_ name: String) throws -> [[String]] {
    CSV.rows(of: try TextFile.text(of: tablePath(name)))
  }

  private func tablePath(_ name: String) -> String {
    precondition(
      !name.isEmpty && !name.contains("/") && !name.hasPrefix("."),
      "\"\(name)\" cannot name a table's file")
    return "\(tablesFolder)/\(name).csv"
  }
}

// MARK: Folders

extension RunDirectory {
  static func makeFolder(_ path: String) throws {
    if mkdir(path, 0o777) == 0 { return }
    let failure = errno
    var status = stat()
    if failure == EEXIST, stat(path, &status) == 0 {
      if status.st_mode & S_IFMT == S_IFDIR { return }
      throw FileError(path: path, reason: "a file is in the way of the folder; name another")
    }
    errno = failure
    throw FileError.system(path)
  }
}
